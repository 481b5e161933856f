/** `name:` and a plain or quoted value, perhaps with a comment behind it. */
const NAME =
  /^name:[ \t]{1,20}(?:"([^"\\]+)"|'([^']+)'|([^\s#"'&*!|>%@`[\]{},][^#]*?))[ \t]{0,20}(?:#.*)?$/;

/** No app's name makes a longer line. */
const LONGEST_LINE = 500;

/**
 * The app's name in shard.yml; undefined where it states none, or states it in an unusual way.
 * Read without the YAML library, whose loading costs more than all the rest.
 */
export function shardName(source: string): string | undefined {
  for (const line of source.split(/\r?\n/)) {
    if (!line.startsWith("name:") || line.length > LONGEST_LINE) continue;
    const match = NAME.exec(line);
    return match?.[1] ?? match?.[2] ?? match?.[3];
  }
}
