import type { Component, Contents } from "./components.ts";

const LINE = "-".repeat(80);

/**
 * The notices that the licences of the software in an executable ask for.
 * @param mit The terms of the MIT licence.
 * @param year The last year in the notice of Deno's authors.
 * @throws {Error} if a package without a licence file states another licence than MIT.
 */
export function thirdPartyNotices(contents: Contents, mit: string, year: number): string {
  const sections = contents.components.map((component) => {
    const { name, version, license, source } = component;
    const head = [`${name} ${version} (${license})`];
    if (source !== undefined) head.push(source);
    return `${LINE}\n${head.join("\n")}\n\n${textOf(component, mit)}\n`;
  });
  return `azu contains the following software.

${LINE}
deno ${contents.deno} (MIT)
https://github.com/denoland/deno

The executable is Deno's runtime together with azu's program. The runtime contains V8
(BSD-3-Clause), SQLite (public domain) and Rust libraries. Their licences are in Deno's repository.

MIT License

Copyright 2018-${year} the Deno authors

${mit}

${sections.join("\n")}`;
}

function textOf(component: Component, mit: string): string {
  if (component.text) return component.text;
  const { name, license, author } = component;
  if (license !== "MIT") throw new Error(`${name} has no licence file, and states ${license}`);
  return `The package contains no licence file. Its package.json states MIT.

Copyright (c) ${author ?? `the authors of ${name}`}

${mit}`;
}
