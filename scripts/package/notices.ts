import type { Component, Contents } from "./components.ts";

const LINE = "-".repeat(80);

const MIT_TERMS = /^Permission is hereby granted[^]*$/m;

/**
 * The notices that the licences of the software in an executable ask for.
 * @param license azu's own licence. Packages without a licence file state the same one, MIT.
 * @param year The last year in the notice of Deno's authors.
 * @throws {Error} if a package without a licence file states another licence.
 */
export function thirdPartyNotices(contents: Contents, license: string, year: number): string {
  const mit = MIT_TERMS.exec(license)?.[0].trim() ?? "";
  const sections = contents.components.map((component) => {
    const { name, version, source } = component;
    const head = [`${name} ${version} (${component.license})`, ...(source ? [source] : [])];
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
