// The few lines of DOM help that the views need. Text always goes in as text nodes, never as markup.

type Attributes = Readonly<Record<string, string | boolean>>;
type Child = Node | string;

export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) setAttribute(element, key, value);
  element.append(...children);
  return element;
}

export function setAttribute(element: Element, key: string, value: string | boolean): void {
  if (value === false) {
    if (element.hasAttribute(key)) element.removeAttribute(key);
  } else {
    const text = value === true ? "" : value;
    if (element.getAttribute(key) !== text) element.setAttribute(key, text);
  }
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown;
}

export function svg(className: string, viewBox: string, ...paths: string[]): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  icon.setAttribute("viewBox", viewBox);
  icon.setAttribute("class", className);
  icon.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", d);
    icon.append(path);
  }
  return icon;
}

/** Keeps one element per key, in order, and moves only what is out of place: focus and scrolling survive. */
export class KeyedList<Item> {
  private readonly elements = new Map<string, HTMLElement>();

  constructor(
    private readonly parent: HTMLElement,
    private readonly create: (item: Item) => HTMLElement,
    private readonly update: (element: HTMLElement, item: Item) => void,
  ) {}

  render(items: readonly Item[], key: (item: Item) => string): void {
    const wanted = new Set(items.map(key));
    for (const [id, element] of this.elements) {
      if (wanted.has(id)) continue;
      element.remove();
      this.elements.delete(id);
    }
    let place: ChildNode | null = this.parent.firstChild;
    for (const item of items) {
      const id = key(item);
      let element = this.elements.get(id);
      if (element === undefined) {
        element = this.create(item);
        this.elements.set(id, element);
      }
      this.update(element, item);
      if (element === place) place = place.nextSibling;
      else this.parent.insertBefore(element, place);
    }
  }
}

export function avatar(name: string): HTMLElement {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 8;
  return h("span", { class: `avatar hue-${sum}`, "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "?");
}
