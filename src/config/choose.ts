/** Selects the backend. */
import { INITIALIZER } from "../app/app.ts";
import { secondStore, statedFor, type StatedStore, type StoreKind } from "../app/stated_store.ts";
import type { Backend, BackendContext, Stated } from "../backends/contract.ts";
import { bindCookie } from "../backends/memory.ts";
import { type BackendEntry, backendTypes, bindBackend } from "../backends/registry.ts";
import { UsageError } from "../core/errors.ts";
import { withNames } from "../core/from_env.ts";
import { isRecord } from "../core/record.ts";
import { nearest } from "../core/nearest.ts";
import { listed, printable } from "../core/text.ts";
import type { Project } from "./project.ts";
import { recordedIn } from "./session_defaults.ts";

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
  const inSource = statedIn(project);
  const decision = fromFlag(flag) ?? fromInitializer(project, inSource) ?? fromSettings(project);
  const { name, ...decided } = decision;
  if (name === "cookie" && decision.decidedBy === "initializer") {
    return {
      ...decided,
      backend: bindCookie(),
      warnings: otherStore(project, decision, undefined, inSource),
    };
  }
  const entry = entryFor(project, decision);
  const { backend, warnings } = bound(project, name, entry, inSource);
  const others = otherStore(project, decision, entry, inSource);
  return { ...decided, backend, warnings: [...others, ...warnings] };
}

/**
 * A backend of a command that works on two: an option names each. Neither must be the one that the
 * app uses at the moment.
 * @throws {UsageError} for an unknown name.
 */
export function chooseNamed(project: Project, name: string, option: string): Choice {
  const decided = { decidedBy: "flag", decidedByText: option } as const;
  const entry = entryFor(project, { name, ...decided });
  return { ...decided, ...bound(project, name, entry, statedIn(project)) };
}

/** All stores that the app uses: that to operate on, and the second one if there is one. */
export function chooseStores(project: Project, flag: string | undefined): readonly Choice[] {
  const first = chooseToOperate(project, flag);
  const second = chooseSecond(project, first);
  return second === undefined ? [first] : [first, second.choice];
}

/**
 * The old one of two stores between which the app moves its sessions; undefined if it does not, or
 * if it is not certain which stores it uses.
 */
export function oldOf(project: Project, names: readonly string[]): string | undefined {
  try {
    const first = chooseToOperate(project, undefined);
    const second = chooseSecond(project, first);
    if (second === undefined) return undefined;
    const { choice, isOld } = second;
    const [old, other] = isOld ? [choice.backend, first.backend] : [first.backend, choice.backend];
    return names.includes(old.name) && names.includes(other.name) ? old.name : undefined;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** The second store of an app that moves its sessions, and whether they have been there until now. */
export interface Second {
  readonly choice: Choice;
  readonly isOld: boolean;
}

/**
 * The second store: that of the app's initializer, or else that of the config (`migrateFrom`,
 * `migrateTo`). Undefined if there is none, or if the flag has selected one store.
 * @param first The other one: see {@linkcode chooseToOperate}.
 * @throws {UsageError} if it is not certain which store it is.
 */
export function chooseSecond(project: Project, first: Choice): Second | undefined {
  if (first.decidedBy === "flag") return undefined;
  const second = secondInSource(project) ?? secondInConfig(project);
  if (second === undefined || second.decision.name === first.backend.name) return undefined;
  const { decision: { name, ...decided }, isOld } = second;
  const entry = entryFor(project, { name, ...decided });
  const choice = { ...decided, ...bound(project, name, entry, statedIn(project)) };
  return { choice, isOld };
}

function secondInSource(project: Project) {
  const inSource = statedIn(project);
  const second = inSource && secondStore(inSource);
  const [kind] = second?.kinds ?? [];
  if (inSource === undefined || second === undefined || kind === undefined) return undefined;
  const name = second.name ?? secondInConfig(project)?.decision.name ?? kind;
  const decision: Decision = { name, decidedBy: "initializer", decidedByText: INITIALIZER };
  return { decision, isOld: inSource.migratesFrom !== undefined };
}

function secondInConfig({ config: { session = {} } }: Project) {
  const { migrateFrom, migrateTo } = session;
  const name = migrateFrom ?? migrateTo;
  if (name === undefined) return undefined;
  const isOld = migrateFrom !== undefined;
  const decidedByText = `session.${isOld ? "migrateFrom" : "migrateTo"} in azu.config.ts`;
  const decision: Decision = { name, decidedBy: "config", decidedByText };
  return { decision, isOld };
}

/** What the app's source says about the environment. */
function statedIn({ initializer, environment }: Project): StatedStore | undefined {
  return initializer === undefined ? undefined : statedFor(initializer, environment.name);
}

/** The backend with the settings of the app's source, and where those differ from the config. */
function bound(
  project: Project,
  name: string,
  entry: BackendEntry | undefined,
  inSource: StatedStore | undefined,
): Pick<Choice, "backend" | "warnings"> {
  const source = inSource === undefined
    ? undefined
    : usedBy(project, inSource, name, typeOf(name, entry));
  const unread = source === undefined ? [] : uncertainSettings(source, entry, name);
  const stated = settingsIn(source);
  const backend = bindBackend(name, entry, { ...contextOf(project), stated });
  return { backend, warnings: [...disagreements(stated, entry, name), ...unread] };
}

/** A warning if the config or the flag states another store than the initializer. */
function otherStore(
  project: Project,
  { name, decidedBy }: Decision,
  entry: BackendEntry | undefined,
  inSource: StatedStore | undefined,
): string[] {
  if (decidedBy === "flag") {
    const second = inSource && secondStore(inSource);
    const kinds = [...inSource?.kinds ?? [], ...second?.kinds ?? []];
    if (kinds.length === 0 || kinds.some((kind) => kind === typeOf(name, entry))) return [];
    return [
      `In this environment, ${INITIALIZER} uses the store ${listed(kinds, "and")}, and not ` +
      `${printable(name)}, which --backend selects`,
    ];
  }
  const inConfig = project.config.session?.backend;
  if (decidedBy !== "initializer" || inConfig === undefined || inConfig === name) return [];
  return [
    `${INITIALIZER} uses the store ${typeOf(name, entry) ?? name}, but the config ` +
    `(session.backend) states "${
      printable(inConfig)
    }": azu uses the store in the initializer, as ` +
    "the app does",
  ];
}

/**
 * What the source says of a backend, if it may use it. Its code names the backend, unless an earlier
 * version wrote it: then the type tells. So it does if the config has renamed the app's backend.
 */
function usedBy(
  project: Project,
  stated: StatedStore,
  name: string,
  type: string | undefined,
): StatedStore | undefined {
  const { session = {} } = project.config;
  const configured = [
    ...Object.keys(entries(project)),
    session.migrateFrom,
    session.migrateTo,
  ];
  const second = secondStore(stated);
  const stores = second === undefined ? [stated] : [stated, second];
  const named = stores.find((store) => store.name === name);
  if (named !== undefined) return named;
  return stores.find((store) => {
    const mayBeRenamed = store.name === undefined ||
      (name === session.backend && !configured.includes(store.name));
    return mayBeRenamed && (store.kinds?.some((kind) => kind === type) ?? true);
  });
}

/**
 * The backend to set up: as above, but the initializer, which setup writes, comes last. So a second
 * run without a config keeps the store of the first.
 */
export function chooseToSetUp(
  project: Project,
  flag: string | undefined,
  context: Pick<BackendContext, "app" | "driver" | "recorded">,
): Choice {
  const settings = fromFlag(flag) ?? fromSettings(project);
  const inSource = settings.decidedBy === "default" ? storeBefore(project) : undefined;
  const { name, ...decided } = inSource?.decision ?? settings;
  const entry = entryFor(project, { name, ...decided });
  const backend = bindBackend(name, entry, {
    ...contextOf(project),
    ...context,
    stated: settingsIn(inSource?.stated),
  });
  return { ...decided, backend, warnings: [] };
}

/** The second store to set up, of an app that moves its sessions. */
export function secondToSetUp(
  project: Project,
  name: string,
  context: Pick<BackendContext, "app" | "driver" | "recorded">,
): Backend {
  const decidedByText = `session.${
    project.config.session?.migrateTo === name ? "migrateTo" : "migrateFrom"
  }`;
  const entry = entryFor(project, { name, decidedBy: "config", decidedByText });
  return bindBackend(name, entry, { ...contextOf(project), ...context, stated: {} });
}

/** The one store that the initializer uses, if setup can write it. */
function storeBefore(project: Project) {
  if (project.initializer === undefined) return undefined;
  const stated = statedFor(project.initializer, project.environment.name);
  const [name, another] = stated?.kinds ?? [];
  if (name === undefined || name === "cookie" || another !== undefined) return undefined;
  const decision: Decision = { name, decidedBy: "initializer", decidedByText: INITIALIZER };
  return { decision, stated };
}

function contextOf(project: Project) {
  const { app, root, env, isInDotenv, hasApp, config } = project;
  return { app, root, env, isInDotenv, hasApp, driver: undefined, recorded: recordedIn([config]) };
}

function fromFlag(flag: string | undefined): Decision | undefined {
  return flag === undefined
    ? undefined
    : { name: flag, decidedBy: "flag", decidedByText: "--backend" };
}

/** @throws {UsageError} if it is not certain which store is used, and nothing else says so. */
function fromInitializer(
  project: Project,
  stated: StatedStore | undefined,
): Decision | undefined {
  if (stated === undefined) return undefined;
  const { kinds } = stated;
  if (kinds?.length === 0) return undefined;
  const [kind, another] = kinds ?? [];
  if (kind !== undefined && another === undefined) {
    return {
      name: nameOf(stated, kind, project),
      decidedBy: "initializer",
      decidedByText: INITIALIZER,
    };
  }
  if (fromSettings(project).decidedBy !== "default") return undefined;
  throw new UsageError(
    kinds === undefined
      ? `It is not certain which store ${INITIALIZER} uses`
      : `${INITIALIZER} names several stores: ${listed(kinds, "and")}`,
    {
      hint:
        "Select one with --backend, or state session.backend in azu.config.ts, for each environment " +
        "if they differ",
    },
  );
}

/** Returns the name of this backend in the config, or its kind. */
function nameOf({ name }: StatedStore, kind: StoreKind, project: Project): string {
  const entry = name === undefined ? undefined : entries(project)[name];
  if (name !== undefined && entry !== undefined && typeOf(name, entry) === kind) return name;
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
  const known = backendNames(project);
  if (known.includes(name)) return entries(project)[name];
  const meant = nearest(name, known);
  throw new UsageError(`${decidedByText}: unknown backend "${printable(name)}"`, {
    hint: `Known backends: ${known.join(", ")}` +
      (meant === undefined ? "" : `; did you mean ${meant}?`),
  });
}

/** The names that `--backend` accepts: azu's own backends, and those of the config. */
export function backendNames(project: Project): readonly string[] {
  return [...new Set([...backendTypes, ...Object.keys(entries(project))])];
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
function settingsIn(source: StatedStore | undefined): Stated {
  if (source === undefined) return {};
  const { keyPrefix, table, engine, clustered, channel, cacheTtl, urlVariable } = source;
  return {
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(table === undefined ? {} : { table }),
    ...(engine === undefined ? {} : { engine }),
    ...(clustered ? { clustered } : {}),
    ...(typeof channel === "string" ? { channel } : {}),
    ...(cacheTtl === undefined ? {} : { cacheTtl }),
    ...(urlVariable === undefined ? {} : { urlVariable }),
  };
}

/**
 * Warnings about settings of the source that are not certain, so that those of the config are used.
 * @throws {UsageError} if the config does not have them either.
 */
function uncertainSettings(
  source: StatedStore,
  entry: BackendEntry | undefined,
  name: string,
): string[] {
  const settings = isRecord(entry) ? entry : {};
  const cluster = isRecord(settings["cluster"]) ? settings["cluster"] : {};
  const type = typeOf(name, entry);
  const isRedis = type === "redis";
  const setting = (path: string) => `session.backends.${printable(name)}.${path}`;
  const channel: [what: string, stateIt: string] = source.clustered
    ? [`on which channel the app's nodes listen (${INITIALIZER})`, setting("cluster.channel")]
    : [
      `whether the app's nodes cache sessions (${INITIALIZER})`,
      `${setting("cluster")}, as false or as { channel: "…" }`,
    ];
  const wanted: [isCertain: boolean, what: string, stateIt: string, inConfig: unknown][] = [
    [
      !isRedis || source.keyPrefix !== undefined,
      `which key prefix ${INITIALIZER} uses`,
      setting("keyPrefix"),
      settings["keyPrefix"],
    ],
    [
      type !== "database" || source.table !== undefined,
      `which table ${INITIALIZER} uses`,
      setting("table"),
      settings["table"],
    ],
    [
      !isRedis || source.channel !== null || settings["cluster"] === false,
      ...channel,
      cluster["channel"],
    ],
  ];
  return wanted.filter(([isCertain]) => !isCertain).map(([, what, stateIt, inConfig]) => {
    if (typeof inConfig !== "string") {
      throw new UsageError(`It is not certain ${what}`, {
        hint: `State it in azu.config.ts: ${stateIt}`,
      });
    }
    return `It is not certain ${what}: azu uses that of the config, ` +
      `"${printable(withNames(inConfig))}"`;
  });
}

/** Warnings about settings that differ between the source and the config. */
function disagreements(
  stated: Stated,
  entry: BackendEntry | undefined,
  name: string,
): string[] {
  if (!isRecord(entry)) return [];
  const cluster = isRecord(entry["cluster"]) ? entry["cluster"] : {};
  const settings: [what: string, path: string, inSource: string | undefined, inConfig: unknown][] =
    [
      ["key prefix", "keyPrefix", stated.keyPrefix, entry["keyPrefix"]],
      ["table", "table", stated.table, entry["table"]],
      ["cluster's channel", "cluster.channel", stated.channel, cluster["channel"]],
    ];
  return settings.flatMap(([what, path, inSource, inConfig]) => {
    if (inSource === undefined || typeof inConfig !== "string" || inConfig === inSource) return [];
    return [
      `${INITIALIZER} states the ${what} "${printable(withNames(inSource))}", but the ` +
      `config (session.backends.${name}.${path}) states "${printable(withNames(inConfig))}": ` +
      "azu uses the value in the initializer, as the app does",
    ];
  });
}
