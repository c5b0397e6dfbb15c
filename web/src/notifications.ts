// Whether this browser is woken when a message waits. The server's word counts: the address is put there again at each
// start, so one that it dropped (expired, deleted by the vendor) comes back by itself.
import type { Api } from "./api";
import type { WebPushAddress } from "./protocol";
import type { TextStore } from "./storage";

/** What the browser can do; the page's own is in push_browser.ts. */
export interface PushBrowser {
  readonly supported: boolean;
  permission(): NotificationPermission;
  /** Only inside a click: browsers ignore the question otherwise. */
  ask(): Promise<NotificationPermission>;
  /** The present subscription if it was made for this key, else none. */
  current(publicKey: string): Promise<WebPushAddress | null>;
  /** Rejects when the vendor's push service cannot be reached. */
  subscribe(publicKey: string): Promise<WebPushAddress>;
  unsubscribe(): Promise<void>;
}

export type NotifyState =
  | "unknown" // the server was not asked yet
  | "unsupported" // by this browser, or the page is not served over https
  | "unavailable" // the server pushes to no browser
  | "blocked" // by the person, in the browser's settings
  | "off" | "on";

export class Notifications {
  state: NotifyState = "unknown";
  previews = false;
  /** A change is under way; the switches wait. */
  busy = false;
  problem = "";
  private publicKey = "";
  private owner = "";

  constructor(
    private readonly api: Api,
    private readonly browser: PushBrowser,
    private readonly store: TextStore,
    private readonly changed: () => void,
  ) {}

  /** Somebody is logged in here. */
  async begin(): Promise<void> {
    const session = this.api.session();
    if (session === null) return;
    const owner = session.user._id;
    this.owner = owner;
    this.problem = "";
    const [offer, me] = await Promise.all([this.api.pushOffer(), this.api.me()]);
    if (this.owner !== owner) return;
    if (me.ok) this.previews = me.value.user.pushPreviews;
    if (offer.ok) {
      this.publicKey = offer.value.webpush?.publicKey ?? "";
      this.state = this.restingState();
      if (this.state === "off" && this.store.get(wantedKey(owner)) !== null) await this.renew();
    }
    this.changed();
  }

  /** The login ends here: whoever comes next must not get this one's pushes. */
  async end(): Promise<void> {
    this.owner = "";
    this.state = "unknown";
    this.problem = "";
    if (!this.browser.supported) return;
    await this.browser.unsubscribe().catch(() => undefined);
  }

  switchNotifications(on: boolean): Promise<void> {
    return this.exclusively(() => (on ? this.turnOn() : this.turnOff()));
  }

  switchPreviews(on: boolean): Promise<void> {
    return this.exclusively(async () => {
      const answer = await this.api.setPushPreviews(on);
      if (answer.ok) this.previews = answer.value.user.pushPreviews;
      else this.problem = answer.error.message;
    });
  }

  private restingState(): NotifyState {
    if (!this.browser.supported) return "unsupported";
    if (this.publicKey === "") return "unavailable";
    return this.browser.permission() === "denied" ? "blocked" : "off";
  }

  private async exclusively(task: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = "";
    this.changed();
    await task();
    this.busy = false;
    this.changed();
  }

  private async turnOn(): Promise<void> {
    const permission = await this.browser.ask();
    this.state = this.restingState();
    if (permission !== "granted" || this.state !== "off") return;
    if (await this.put(() => this.browser.subscribe(this.publicKey))) this.store.set(wantedKey(this.owner), "on");
  }

  /** After a start: no question is asked, nothing is said when it fails; the next start tries again. */
  private async renew(): Promise<void> {
    if (this.browser.permission() !== "granted") return;
    await this.put(async () => (await this.browser.current(this.publicKey)) ?? this.browser.subscribe(this.publicKey));
    this.problem = "";
  }

  /** True when the server took the address. */
  private async put(subscribe: () => Promise<WebPushAddress>): Promise<boolean> {
    const device = this.api.session()?.device;
    if (device === undefined) return false;
    let address: WebPushAddress;
    try {
      address = await subscribe();
    } catch {
      this.problem = "The browser's push service cannot be reached. Please try again later.";
      return false;
    }
    const answer = await this.api.setPush(device, address);
    if (answer.ok) this.state = "on";
    else this.problem = answer.error.message;
    return answer.ok;
  }

  private async turnOff(): Promise<void> {
    const device = this.api.session()?.device;
    if (device === undefined) return;
    this.store.remove(wantedKey(this.owner));
    // The browser first: then nothing is shown any more even if the server cannot be reached.
    await this.browser.unsubscribe().catch(() => undefined);
    const answer = await this.api.deletePush(device);
    this.state = this.restingState();
    // A push to an address that is gone tells the server the same.
    if (!answer.ok) this.problem = answer.error.message;
  }
}

function wantedKey(userId: string): string {
  return `restante.notify.${userId}`;
}
