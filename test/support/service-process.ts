/** Starts the service as processes of its own, for tests that kill them. */
import { type ServiceOptions, type ServiceProcess, startService } from "../../bench/service-process.ts";
import { until } from "./wait.ts";

export const KEYS = { gateway: "gateway-key-for-the-tests" };

/** Starts services as processes of their own, and ends those that a failed test has left. */
export function createServices() {
  let running: ServiceProcess[] = [];
  return {
    async start(
      databasePath: string,
      env: Readonly<Record<string, string>> = {},
      options: Partial<ServiceOptions> = { keys: KEYS },
    ): Promise<ServiceProcess> {
      const service = await startService({ databasePath, keys: {}, env, ...options });
      running.push(service);
      return service;
    },
    async killAll(): Promise<void> {
      const left = running.filter((service) => service.isRunning());
      running = [];
      await Promise.all(left.map((service) => service.stop("SIGKILL")));
    },
  };
}

/** Wait until the service has logged `message`. */
export function logged(service: ServiceProcess, message: string): Promise<void> {
  return until(`log line "${message}"`, () =>
    service.log.some((line) => line.includes(`"message":"${message}"`)),
  );
}
