/** The app's name in shard.yml. Read without the YAML library, which costs more than the rest. */
const NAME =
  /^name:[ \t]+(?:"([^"\\\n]+)"|'([^'\n]+)'|([^\s#"'&*!|>%@`[\]{},][^#\n\r]*?))[ \t]*(?:#.*)?\r?$/m;

/** The app's name; undefined where shard.yml states none, or states it in an unusual way. */
export function shardName(source: string): string | undefined {
  const match = NAME.exec(source);
  return match?.[1] ?? match?.[2] ?? match?.[3];
}
