/** Clears of MariaDB whose connection is cut, half-closed, garbled or delayed, at hundreds of places. */
import { needs } from "../support/env.ts";
import { mysql, sqlSubject } from "./sql_subjects.ts";
import { testSweeps } from "./sweeps.ts";

testSweeps("mysql", needs("mariadb"), () => sqlSubject(mysql), [
  ["cut", 60],
  ["half-close", 20],
  ["garble", 60],
  ["delay", 10],
]);
