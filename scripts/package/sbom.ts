/** The software bill of materials: CycloneDX 1.6, in JSON. */
import { Enums, Models, Serialize, Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";
import config from "../../deno.json" with { type: "json" };
import type { Component, Contents } from "./components.ts";
import { PACKAGE, type Release, REPOSITORY, SUMMARY } from "./release.ts";

/**
 * Describes what the executables of a release contain. The same contents give the same text: it has
 * no serial number, and its time is that of the commit.
 * @throws {Error} if the result does not match the schema of CycloneDX.
 */
export async function sbom(contents: Contents, release: Release): Promise<string> {
  const bom = new Models.Bom();
  bom.metadata.timestamp = new Date(release.time * 1000);
  const deno = runtime(contents.deno);
  const packages = new Map(contents.components.map((it) => [it.name, library(it)]));
  for (const { name, dependencies } of contents.components) {
    for (const dependency of dependencies) connect(packages.get(name), packages.get(dependency));
  }
  const azu = application(release);
  connect(azu, deno);
  for (const name of Object.keys(config.imports)) connect(azu, packages.get(name));
  bom.metadata.component = azu;
  for (const component of [deno, ...packages.values()]) bom.components.add(component);
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  const text = new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 2 });
  const problem = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  if (problem !== null) throw new Error(`The SBOM is not valid: ${Deno.inspect(problem)}`);
  return `${text}\n`;
}

function application({ version }: Release): Models.Component {
  return component(Enums.ComponentType.Application, {
    name: "azu",
    version,
    license: config.license,
    description: SUMMARY,
    purl: new PackageURL("github", "azutoolkit", PACKAGE, `v${version}`, null, null),
    source: REPOSITORY,
  });
}

/** Deno. The libraries that it is compiled from are its own. */
function runtime(version: string): Models.Component {
  return component(Enums.ComponentType.Platform, {
    name: "deno",
    version,
    license: "MIT",
    description: "The runtime that the executable consists of, besides azu's program",
    purl: new PackageURL("github", "denoland", "deno", `v${version}`, null, null),
    source: "https://github.com/denoland/deno",
  });
}

function library(npm: Component): Models.Component {
  const [name = "", scope = null] = npm.name.split("/").reverse();
  const made = component(Enums.ComponentType.Library, {
    name: npm.name,
    version: npm.version,
    license: npm.license,
    source: npm.source,
    purl: new PackageURL("npm", scope, name, npm.version, null, null),
  });
  made.hashes.set(Enums.HashAlgorithm["SHA-512"], npm.sha512);
  return made;
}

function component(type: Enums.ComponentType, about: {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description?: string;
  readonly purl: PackageURL;
  readonly source: string | undefined;
}): Models.Component {
  const made = new Models.Component(type, about.name, { version: about.version });
  made.bomRef.value = about.purl.toString();
  made.purl = about.purl.toString();
  if (about.description !== undefined) made.description = about.description;
  made.licenses.add(new Models.SpdxLicense(about.license));
  if (about.source !== undefined) {
    const reference = new Models.ExternalReference(about.source, Enums.ExternalReferenceType.VCS);
    made.externalReferences.add(reference);
  }
  return made;
}

function connect(from: Models.Component | undefined, to: Models.Component | undefined): void {
  if (from !== undefined && to !== undefined) from.dependencies.add(to.bomRef);
}
