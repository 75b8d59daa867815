// SPDX-License-Identifier: MPL-2.0
import { AgentClient, Refused } from "../../examples/agent/client.ts";
import { AgentServer } from "../../examples/agent/server.ts";
import { VirtualDisplay } from "../../src/display/index.ts";

export const TOKEN = "a-token-for-the-tests";
export const [width, height] = [640, 480];

/** The agent's endpoint on a display of its own. */
export class AgentStage implements AsyncDisposable {
  readonly display: VirtualDisplay;
  readonly server: AgentServer;
  readonly client: AgentClient;

  private constructor(display: VirtualDisplay, server: AgentServer) {
    this.display = display;
    this.server = server;
    this.client = new AgentClient(server.url, TOKEN);
  }

  static async start(): Promise<AgentStage> {
    const display = await VirtualDisplay.start({ width, height });
    const settings = { display: display.name };
    return new AgentStage(display, await AgentServer.start({ token: TOKEN, settings }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.display.stop();
  }
}

/** What a call is refused with. */
export async function refusalOf(refused: Promise<unknown>): Promise<Refused> {
  const error = await refused.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Refused) return error;
  throw new Error(`not refused: ${error}`);
}
