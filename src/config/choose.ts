/** Selects the backend. */
import { INITIALIZER } from "../app/app.ts";
import type { Initializer, StoreKind } from "../app/initializer_reader/initializer.ts";
import type { Backend, BackendContext, Stated } from "../backends/contract.ts";
import { bindCookie } from "../backends/memory.ts";
import { type BackendEntry, backendTypes, bindBackend } from "../backends/registry.ts";
import { UsageError } from "../core/errors.ts";
import { isRecord } from "../core/record.ts";
import { listed, nearest, printable } from "../core/text.ts";
import type { Project } from "./project.ts";

/** How the backend was selected, as reported in JSON. */
export type DecidedBy = "flag" | "initializer" | "environment" | "config" | "default";

export interface Choice {
  readonly backend: Backend;
  readonly decidedBy: DecidedBy;
  /** The same in words, for messages. */
  readonly decidedByText: string;
  /** Warnings about differences between the app's source and the config. */
  readonly warnings: readonly string[];
}

type Decision = Pick<Choice, "decidedBy" | "decidedByText"> & { readonly name: string };

/** `Backend: redis (selected by --backend)` */
export function decisionText({ backend, decidedBy, decidedByText }: Choice): string {
  const reason = decidedBy === "default" ? decidedByText : `selected by ${decidedByText}`;
  return `Backend: ${backend.name} (${reason})`;
}

/**
 * The backend to operate on. The first that is set decides: the flag, the store in the app's
 * initializer, `SESSION_BACKEND`, the config. The default is redis. Prefix and table come from the
 * app's source if it states them, because the app uses those.
 * @throws {UsageError} for an unknown name, or if the source names several stores.
 */
export function chooseToOperate(project: Project, flag: string | undefined): Choice {
  const decision = fromFlag(flag) ?? fromInitializer(project) ?? fromSettings(project);
  const { name, ...decided } = decision;
  const { initializer } = project;
  if (name === "cookie" && decision.decidedBy === "initializer") {
    return { ...decided, backend: bindCookie(), warnings: [] };
  }
  const entry = entryFor(project, decision);
  const applies = initializer?.stores.some((kind) => kind === typeOf(name, entry));
  const source = applies === true ? initializer : undefined;
  const stated = statedBy(source);
  const backend = bindBackend(name, entry, { ...contextOf(project), stated });
  const warnings = [
    ...disagreements(stated, entry, name),
    ...unreadable(source, backend),
  ];
  return { ...decided, backend, warnings };
}

/** The backend to set up: as above, but without the initializer, which setup writes. */
export function chooseToSetUp(
  project: Project,
  flag: string | undefined,
  context: Pick<BackendContext, "app" | "driver">,
): Choice {
  const decision = fromFlag(flag) ?? fromSettings(project);
  const { name, ...decided } = decision;
  const entry = entryFor(project, decision);
  const backend = bindBackend(name, entry, { ...contextOf(project), ...context, stated: {} });
  return { ...decided, backend, warnings: [] };
}

function contextOf(project: Project) {
  const { app, root, env, isInDotenv, hasApp } = project;
  return { app, root, env, isInDotenv, hasApp, driver: undefined };
}

function fromFlag(flag: string | undefined): Decision | undefined {
  return flag === undefined
    ? undefined
    : { name: flag, decidedBy: "flag", decidedByText: "--backend" };
}

function fromInitializer(project: Project): Decision | undefined {
  const stores = project.initializer?.stores ?? [];
  const [kind, ...others] = stores;
  if (kind === undefined) return undefined;
  if (others.length > 0) {
    throw new UsageError(`${INITIALIZER} names several stores: ${listed(stores, "and")}`, {
      hint: "Select one with --backend",
    });
  }
  return { name: nameOf(kind, project), decidedBy: "initializer", decidedByText: INITIALIZER };
}

/** Returns the name of this backend in the config, or its kind. */
function nameOf(kind: StoreKind, project: Project): string {
  const chosen = project.config.session?.backend;
  if (chosen === undefined) return kind;
  return typeOf(chosen, entries(project)[chosen]) === kind ? chosen : kind;
}

function fromSettings(project: Project): Decision {
  const variable = project.env("SESSION_BACKEND");
  if (variable !== undefined) {
    return { name: variable, decidedBy: "environment", decidedByText: "SESSION_BACKEND" };
  }
  const configured = project.config.session?.backend;
  if (configured !== undefined) {
    const decidedByText = "session.backend in azu.config.ts";
    return { name: configured, decidedBy: "config", decidedByText };
  }
  const decidedByText = "default, because nothing selects another";
  return { name: "redis", decidedBy: "default", decidedByText };
}

function entryFor(project: Project, { name, decidedByText }: Decision): BackendEntry | undefined {
  const configured = entries(project);
  const known = [...new Set([...backendTypes, ...Object.keys(configured)])];
  if (known.includes(name)) return configured[name];
  const meant = nearest(name, known);
  throw new UsageError(`${decidedByText}: unknown backend "${printable(name)}"`, {
    hint: `Known backends: ${known.join(", ")}` +
      (meant === undefined ? "" : `; did you mean ${meant}?`),
  });
}

function entries(project: Project): Readonly<Record<string, BackendEntry | undefined>> {
  return project.config.session?.backends ?? {};
}

/** The built-in backend that an entry configures; undefined for a custom backend. */
function typeOf(name: string, entry: BackendEntry | undefined): string | undefined {
  if (typeof entry === "function") return undefined;
  const type = entry?.["type"];
  return typeof type === "string" ? type : name;
}

/**
 * The settings of the source, which override the config. `clustered` is left out if it is false,
 * because the caches may be set up elsewhere.
 */
export function statedBy(initializer: Initializer | undefined): Stated {
  if (initializer === undefined) return {};
  const { keyPrefix, table, clustered, clusterChannel } = initializer;
  return {
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(table === undefined ? {} : { table }),
    ...(clustered ? { clustered } : {}),
    ...(typeof clusterChannel === "string" ? { channel: clusterChannel } : {}),
  };
}

/** Warnings about values that azu cannot read, because the app computes them. */
export function unreadable(initializer: Initializer | undefined, backend: Backend): string[] {
  if (initializer?.stores.includes("redis") !== true) return [];
  const used = (what: string) => `The ${what} that ${INITIALIZER} uses cannot be read from it: `;
  const pattern = printable(backend.describe().pattern ?? "");
  const channel = printable(backend.nodeCache?.channel ?? "");
  return [
    ...(initializer.keyPrefix === undefined
      ? [`${used("key prefix")}${pattern} may not be what the app writes`]
      : []),
    ...(initializer.clusterChannel === null
      ? [`${used("cluster's channel")}"${channel}" may not be where the app's nodes listen`]
      : []),
  ];
}

/** Warnings about settings that differ between the source and the config. */
export function disagreements(
  stated: Stated,
  entry: BackendEntry | undefined,
  name: string,
): string[] {
  if (!isRecord(entry)) return [];
  const cluster = isRecord(entry["cluster"]) ? entry["cluster"] : {};
  const settings: [what: string, path: string, inSource: string | undefined, inConfig: unknown][] =
    [
      ["keyPrefix", "keyPrefix", stated.keyPrefix, entry["keyPrefix"]],
      ["table", "table", stated.table, entry["table"]],
      ["cluster's channel", "cluster.channel", stated.channel, cluster["channel"]],
    ];
  return settings.flatMap(([what, path, inSource, inConfig]) => {
    if (inSource === undefined || typeof inConfig !== "string" || inConfig === inSource) return [];
    return [
      `${INITIALIZER} states the ${what} "${printable(inSource)}", but the config ` +
      `(session.backends.${name}.${path}) states "${printable(inConfig)}": ` +
      "azu uses the value in the initializer, as the app does",
    ];
  });
}
