// Log in and register: one form, two modes.
import type { App } from "./app";
import { h, setAttribute, setText, show } from "./dom";
import type { Failure } from "./protocol";

function field(id: string, label: string, attributes: Record<string, string | boolean>): { box: HTMLElement; input: HTMLInputElement } {
  const input = h("input", { id, name: id, required: true, ...attributes });
  return { box: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}

function explain(error: Failure): string {
  const wait = error.retryAfter === undefined ? "" : ` Try again in ${error.retryAfter} s.`;
  if (error.code === "unauthorized") return "User name or password is wrong.";
  if (error.code === "conflict") return "This user name or e-mail address is taken.";
  return error.message + wait;
}

export class EntryView {
  readonly element: HTMLElement;
  private registering = false;
  private busy = false;
  private readonly title = h("h2", {}, "Log in");
  private readonly notice = h("p", { class: "notice", role: "status" });
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private readonly username = field("username", "User name", {
    autocomplete: "username", autocapitalize: "none", spellcheck: "false", maxlength: "32",
  });
  private readonly email = field("email", "E-mail", { type: "email", autocomplete: "email", maxlength: "254" });
  private readonly password = field("password", "Password", { type: "password", minlength: "8", maxlength: "128" });
  private readonly submit = h("button", { type: "submit", class: "primary" }, "Log in");
  private readonly other = h("button", { type: "button", class: "link", id: "switch-mode" });

  constructor(private readonly app: App) {
    const form = h("form", { class: "card", "aria-labelledby": "entry-title" }, this.title, this.notice,
      this.username.box, this.email.box, this.password.box, this.problem, this.submit, this.other);
    this.title.id = "entry-title";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.enter();
    });
    this.other.addEventListener("click", () => {
      this.registering = !this.registering;
      setText(this.problem, "");
      this.render();
      this.username.input.focus();
    });
    this.element = h("main", { class: "entry" },
      h("div", { class: "brand" }, h("img", { src: "icon.svg", alt: "", width: "56", height: "56" }), h("h1", {}, "Restante"),
        h("p", {}, "Messages wait here until they are collected.")), form);
    this.render();
  }

  render(): void {
    const action = this.registering ? "Create account" : "Log in";
    setText(this.title, action);
    setText(this.submit, this.busy ? "One moment…" : action);
    this.submit.disabled = this.busy;
    setText(this.other, this.registering ? "I have an account" : "Create a new account");
    show(this.email.box, this.registering);
    this.email.input.required = this.registering;
    setAttribute(this.password.input, "autocomplete", this.registering ? "new-password" : "current-password");
    setText(this.notice, this.app.notice);
    show(this.notice, this.app.notice !== "");
  }

  private async enter(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    setText(this.problem, "");
    this.render();
    const { api } = this.app;
    const username = this.username.input.value.trim();
    const password = this.password.input.value;
    const answer = this.registering
      ? await api.register(username, this.email.input.value.trim(), password)
      : await api.logIn(username, password);
    const error = await this.app.entered(answer);
    this.busy = false;
    if (error === null) this.password.input.value = "";
    else setText(this.problem, explain(error));
    this.render();
  }
}
