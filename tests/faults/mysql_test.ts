/** Clears of MariaDB whose connection is cut, half-closed, garbled or delayed, at hundreds of places. */
import { needs } from "../support/env.ts";
import { mysql, sqlSubject } from "./sql_subjects.ts";
import { EXPIRED, OF_ONE_USER } from "./sweep.ts";
import { testMixedFaults, testSweeps } from "./sweeps.ts";

testSweeps("mysql", needs("mariadb"), () => sqlSubject(mysql), [
  ["cut", 60],
  ["half-close", 20],
  ["garble", 60],
  ["delay", 10],
]);

testSweeps("mysql, sessions of one user", needs("mariadb"), () => sqlSubject(mysql, OF_ONE_USER), [
  ["cut", 20],
  ["half-close", 8],
  ["delay", 4],
]);

testMixedFaults("mysql, expired sessions", needs("mariadb"), () => sqlSubject(mysql, EXPIRED));
