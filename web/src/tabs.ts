// At most one tab of a browser holds the connection: two would be one device twice and end each other's session.
// A new tab asks the others; a holder answers and keeps the connection until somebody takes it over on purpose.

export interface TabChannel {
  post(message: TabMessage): void;
  listen(handler: (message: TabMessage) => void): void;
}
export type TabMessage = { readonly kind: "who" | "here" | "take"; readonly tab: string };
export interface Delay {
  (milliseconds: number): Promise<void>;
}

/** Longer than a busy tab needs to answer, shorter than a person notices. */
const kAnswerTimeMs = 250;

export class TabClaim {
  private holding = false;
  private othersAnswered = false;
  /** Another tab took the connection over. */
  onTaken: () => void = () => undefined;

  constructor(private readonly channel: TabChannel, private readonly tab: string, private readonly delay: Delay) {
    channel.listen((message) => this.heard(message));
  }

  /** True when no other tab holds the connection; this one holds it then. */
  async claim(): Promise<boolean> {
    if (this.holding) return true;
    this.othersAnswered = false;
    this.channel.post({ kind: "who", tab: this.tab });
    await this.delay(kAnswerTimeMs);
    this.holding = !this.othersAnswered;
    return this.holding;
  }

  take(): void {
    this.holding = true;
    this.channel.post({ kind: "take", tab: this.tab });
  }

  release(): void {
    this.holding = false;
  }

  private heard(message: TabMessage): void {
    if (message.tab === this.tab) return;
    if (message.kind === "here") this.othersAnswered = true;
    if (!this.holding) return;
    if (message.kind === "who") this.channel.post({ kind: "here", tab: this.tab });
    if (message.kind === "take") {
      this.holding = false;
      this.onTaken();
    }
  }
}

function isTabMessage(value: unknown): value is TabMessage {
  return typeof value === "object" && value !== null && "kind" in value && "tab" in value;
}

export function browserChannel(): TabChannel {
  if (typeof BroadcastChannel === "undefined") return { post: () => undefined, listen: () => undefined };
  const channel = new BroadcastChannel("restante.tabs");
  return {
    post: (message) => channel.postMessage(message),
    listen: (handler) => channel.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (isTabMessage(event.data)) handler(event.data);
    }),
  };
}
