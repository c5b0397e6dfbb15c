// When older pages of a conversation are read: one request at a time for each, and after one that failed only when the
// person asks. Pure: the request is handed in.
import type { Message, Result } from "./protocol";
import type { Thread } from "./thread";

export interface HistoryPage {
  readonly messages: Message[];
  readonly next?: number;
}
export type ReadPage = (peer: string, before: number) => Promise<Result<HistoryPage>>;

/** This close to the beginning of what is shown, the page before it is wanted. */
const kNearPixels = 80;

/** False for a box that is not on the screen; true for one that all lines fit into, since it cannot be scrolled. */
export function isNearTop(box: { readonly scrollTop: number; readonly clientHeight: number }): boolean {
  return box.clientHeight > 0 && box.scrollTop < kNearPixels;
}

export class OlderPages {
  private readonly underWay = new WeakSet<Thread>();
  private readonly failed = new WeakSet<Thread>();

  /** `changed` is called when a request starts and when it ends. */
  constructor(private readonly read: ReadPage, private readonly changed: () => void) {}

  isLoading(thread: Thread): boolean {
    return this.underWay.has(thread);
  }

  /** The beginning of what is known is on the screen. Does nothing after a failure: it would be asked without end. */
  async fill(thread: Thread): Promise<void> {
    if (!this.failed.has(thread)) await this.ask(thread);
  }

  /** The person scrolled there or pressed the button. */
  async ask(thread: Thread): Promise<void> {
    const before = thread.nextBefore;
    if (before === undefined || this.underWay.has(thread)) return;
    this.underWay.add(thread);
    this.failed.add(thread); // until it is known to be otherwise
    this.changed();
    try {
      const page = await this.read(thread.peer, before);
      if (!page.ok) return;
      thread.addOlder(before, page.value.messages, page.value.next);
      this.failed.delete(thread);
    } finally {
      this.underWay.delete(thread);
      this.changed();
    }
  }
}
