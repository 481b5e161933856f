/** `name:` with a plain or quoted value, and maybe a comment. */
const NAME =
  /^name:[ \t]{1,20}(?:"([^"\\]+)"|'([^']+)'|([^\s#"'&*!|>%@`[\]{},][^#]*?))[ \t]{0,20}(?:#.*)?$/;

/** No real app's name needs a longer line. */
const LONGEST_LINE = 500;

/**
 * The app's name in shard.yml; undefined if there is none, or it is written in an unusual way.
 * Read without the YAML library, which is slow to load.
 */
export function shardName(source: string): string | undefined {
  for (const line of source.split(/\r?\n/)) {
    if (!line.startsWith("name:") || line.length > LONGEST_LINE) continue;
    const match = NAME.exec(line);
    return match?.[1] ?? match?.[2] ?? match?.[3];
  }
}
