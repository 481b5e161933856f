/** PostgreSQL behind a network that cuts, garbles and delays, at hundreds of places. */
import { needs } from "../support/env.ts";
import { postgres, sqlSubject } from "./sql_subjects.ts";
import { EXPIRED, OF_ONE_USER } from "./sweep.ts";
import { testMixedFaults, testSweeps } from "./sweeps.ts";

testSweeps("postgres", needs("postgres"), () => sqlSubject(postgres), [
  ["cut", 60],
  ["half-close", 20],
  ["garble", 60],
  ["delay", 10],
]);

testSweeps(
  "postgres, sessions of one user",
  needs("postgres"),
  () => sqlSubject(postgres, OF_ONE_USER),
  [
    ["cut", 20],
    ["half-close", 8],
    ["delay", 4],
  ],
);

testMixedFaults(
  "postgres, expired sessions",
  needs("postgres"),
  () => sqlSubject(postgres, EXPIRED),
);
