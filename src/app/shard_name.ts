/** `name:` with a plain or quoted value, and maybe a comment. */
const NAME =
  /^name:[ \t]{1,20}(?:"([^"\\]+)"|'([^']+)'|([^\s#"'&*!|>%@`[\]{},][^#]*?))[ \t]{0,20}(?:#.*)?$/;

/** No real app's name needs a longer line. */
const LONGEST_LINE = 500;

/**
 * The app's name in shard.yml; undefined if there is none. The YAML library is slow to load, so it
 * reads only a file with an unusual name, or more than one line that looks like it.
 * @throws {UsageError} if such a file is not valid YAML.
 */
export async function nameInShard(source: string): Promise<string | undefined> {
  const candidates = source.match(/^[ \t]*["']?name["']?[ \t]*:/gm)?.length;
  const plain = candidates === 1 && !/^\ufeff|^[<=>]{7}/m.test(source)
    ? shardName(source)
    : undefined;
  return plain ?? (await import("./shard.ts")).parsedName(source);
}

/** The name where it is written as usual: `name: shop`, perhaps in quotes. */
export function shardName(source: string): string | undefined {
  for (const line of source.split(/\r?\n/)) {
    if (!line.startsWith("name:") || line.length > LONGEST_LINE) continue;
    const match = NAME.exec(line);
    return match?.[1] ?? match?.[2] ?? match?.[3];
  }
}
