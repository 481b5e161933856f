/** Secrets that everybody can know. */

/** Defaults, and examples in documentation, in lower case. */
const PUBLISHED: ReadonlySet<string> = new Set([
  // The session shard: its default, and what its messages, examples and tests show.
  "1sxc1aNxGHTTZKlK5cpCgufJAqGM4G13",
  "my-custom-secret-key-32-bytes!!",
  "12345678901234567890123456789012",
  "your-32-byte-secret",
  "your-secure-secret",
  // Rails.
  "3b7cd727ee24e8444053437c36cc66c3",
  "b38d37ade7f08854e436e01783ad5a3956389bca4e2b89bd3e9fc209723ca8e0939b1a3de9639440b1d766f170cb155108886e0903c992c701c2c38f20080c8e",
  // Laravel.
  "base64:J63qRTDLub5NuZvP+kb8YIorGS6qFYHKVo6u7179stY=",
  "base64:2nLsGFGzyoae2ax3EF2Lyq/hH6QghBGLIq5uL+Gp8/w=",
  "SomeRandomString",
  "YourSecretKey!!!",
  // Flask, Express and others.
  "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
  "a-string-secret-at-least-256-bits-long",
  "keyboard cat",
].map((secret) => secret.toLowerCase()));

/** Words that stand where a secret should be. Random texts do not contain them. */
const PLACEHOLDER =
  /change[-_ ]?(?:me|this|it)|your[-_ ](?:\w+[-_ ])?(?:secret|key)|(?:secret|session)[-_ ]?key|placeholder|replace[-_ ]?(?:me|this)|insert[-_ ]|example|password|keyboard[-_ ]cat|django-insecure|^<[^>]+>$|x{8}|generate[-_ ]/i;

export function isPublished(secret: string): boolean {
  return PUBLISHED.has(secret.trim().toLowerCase());
}

export function isPlaceholder(secret: string): boolean {
  return PLACEHOLDER.test(secret);
}
