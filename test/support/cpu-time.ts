/**
 * Milliseconds of processor time that all threads of this process have used since `before`, taken from
 * `process.cpuUsage()`. Unlike time on the wall, it does not grow with what else the machine is doing.
 */
export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
