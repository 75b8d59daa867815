// SPDX-License-Identifier: MPL-2.0
import {
  CONTROL_NAMES,
  CONTROLS,
  type Control,
  type ControlName,
  type ControlValue,
  isControlName,
  type LiveSettings,
  type NumberControl,
} from "./controls.ts";
import type { Change } from "./messages.ts";

/** The controls, made from the table, with each one's error beside it. */
export class SettingsPanel {
  readonly #rows = new Map<ControlName, Row>();

  /**
   * @param form - Gets a fieldset for each group of the table.
   * @param onChange - Called with what the user has chosen, unchecked.
   */
  constructor(form: HTMLFormElement, onChange: (change: Change) => void) {
    form.addEventListener("submit", (event) => event.preventDefault());
    const fieldsets = new Map<string, HTMLElement>();
    for (const name of CONTROL_NAMES) {
      const control = CONTROLS[name];
      let fieldset = fieldsets.get(control.group);
      if (fieldset === undefined) {
        fieldset = append(form, "fieldset", {});
        append(fieldset, "legend", { textContent: control.group });
        fieldsets.set(control.group, fieldset);
      }
      const row = new Row(name, control, (value) => onChange({ [name]: value }));
      fieldset.append(row.element);
      this.#rows.set(name, row);
    }
  }

  /** Shows what is in force. A control whose value was refused keeps it, and its error. */
  show(settings: LiveSettings): void {
    for (const [name, row] of this.#rows) row.show(settings[name]);
  }

  /** Shows why a change was refused, beside the control that it is about. */
  refuse(field: string, words: string): void {
    if (isControlName(field)) this.#rows.get(field)?.refuse(words);
  }

  /** Takes every error away. */
  forgive(): void {
    for (const row of this.#rows.values()) row.forgive();
  }
}

/** What a row needs of the elements that the user touches. */
interface Field {
  /** First the one that the label is for. */
  readonly elements: readonly HTMLElement[];
  show(value: ControlValue): void;
}

/** One setting: label, control and error. */
class Row {
  readonly element = document.createElement("div");
  readonly #field: Field;
  readonly #error: HTMLElement;

  constructor(name: ControlName, control: Control, onChange: (value: ControlValue) => void) {
    this.element.className = "control";
    append(this.element, "label", { htmlFor: name, textContent: control.label, title: name });
    this.#field = makeField(name, control, (value) => {
      this.forgive();
      onChange(value);
    });
    this.element.append(...this.#field.elements);
    this.#error = append(this.element, "p", { className: "error", id: `${name}-error` });
    this.#error.setAttribute("role", "alert");
    for (const element of this.#field.elements) {
      element.setAttribute("aria-describedby", this.#error.id);
    }
  }

  show(value: ControlValue): void {
    this.element.setAttribute("data-in-force", String(value));
    if (this.#error.textContent === "") this.#field.show(value);
  }

  refuse(words: string): void {
    this.#error.textContent = words;
    this.#field.elements[0]?.setAttribute("aria-invalid", "true");
  }

  forgive(): void {
    this.#error.textContent = "";
    this.#field.elements[0]?.removeAttribute("aria-invalid");
  }
}

function makeField(id: string, control: Control, onChange: (value: ControlValue) => void): Field {
  switch (control.kind) {
    case "flag": {
      const box = make("input", { id, type: "checkbox" });
      box.onchange = () => onChange(box.checked);
      return {
        elements: [box],
        show: (value) => {
          box.checked = value === true;
        },
      };
    }
    case "choice": {
      const select = make("select", { id });
      for (const option of control.options) select.append(new Option(option));
      select.onchange = () => onChange(select.value);
      return {
        elements: [select],
        show: (value) => {
          select.value = String(value);
        },
      };
    }
    case "number":
      return makeNumberField(id, control, onChange);
  }
}

/** A box that takes anything, so that the server's own words say what is wrong, and a slider. */
function makeNumberField(
  id: string,
  { label, min, max, step, default: fallback, sliderMax = max }: NumberControl,
  onChange: (value: ControlValue) => void,
): Field {
  const box = make("input", { id, type: "text", maxLength: 32, autocomplete: "off" });
  box.placeholder = String(fallback ?? "rest");
  // What is half typed when another answer comes is not to be overwritten.
  let typing = false;
  box.oninput = () => {
    typing = true;
  };
  box.onchange = () => {
    typing = false;
    onChange(parseNumber(box.value));
  };
  box.onblur = () => {
    typing = false;
  };
  const slider = make("input", {
    id: `${id}-slider`,
    type: "range",
    ariaLabel: `${label}, slider`,
  });
  slider.min = String(min);
  slider.max = String(sliderMax);
  slider.step = String(step);
  slider.oninput = () => onChange(slider.valueAsNumber);
  return {
    elements: [box, slider],
    show: (value) => {
      if (!typing) box.value = String(value ?? "");
      // No number means the most there is (a region's rest) or nothing chosen ("auto").
      slider.value = String(value === null ? sliderMax : value === "auto" ? min : value);
    },
  };
}

/** Nothing is the default; what is no number is left as it is, for the server to refuse. */
function parseNumber(text: string): ControlValue {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : trimmed;
}

function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
): HTMLElementTagNameMap[Tag] {
  return Object.assign(document.createElement(tag), properties);
}

function append<Tag extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
): HTMLElementTagNameMap[Tag] {
  const child = make(tag, properties);
  parent.append(child);
  return child;
}
