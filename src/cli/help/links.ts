/** The documentation on the web. */
export const DOCUMENTATION = "https://azutoolkit.github.io/azu-sessions/";
