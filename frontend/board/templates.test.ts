import assert from "node:assert/strict";
import test from "node:test";
import type { Element } from "./binding.ts";
import { items } from "./items.ts";
import { skeletons } from "./skeletons.ts";
import { TEMPLATES, pieces } from "./templates.ts";
import type { TemplateName } from "./templates.ts";

/** What a therapist looks for by name, and words without which the exercise would not be that exercise. */
const EXERCISES: Record<TemplateName, { en: readonly string[]; es: readonly string[]; texts: number }> = {
  thought_record: { en: ["Thought record", "What speaks against it", "A fairer thought"], es: ["Registro de pensamientos", "Qué habla en contra", "Un pensamiento más justo"], texts: 13 },
  chain: { en: ["Chain analysis", "What set it off", "What followed"], es: ["Análisis en cadena", "Qué lo desató", "Qué siguió"], texts: 12 },
  feelings: { en: ["Wheel of feelings", "Afraid", "Ashamed"], es: ["Rueda de emociones", "Miedo", "Vergüenza"], texts: 25 },
  pros_cons: { en: ["Pros and cons", "Giving in to the urge", "Staying with my skill"], es: ["Pros y contras", "Ceder al impulso", "Seguir con mi habilidad"], texts: 5 },
  values: { en: ["What matters to me", "Health", "One small step this week"], es: ["Lo que me importa", "Salud", "Un paso pequeño esta semana"], texts: 10 },
};

/** The board's elements as they stand after Excalidraw made them: a label becomes a text that stands in its box. */
function standing(name: TemplateName, language: string): Element[] {
  return skeletons(pieces(name, language), { x: 0, y: 0 }).flatMap((made, n): Element[] => {
    const { label, ...rest } = made as { type: string; label?: { text: string } };
    const element: Element = { id: `e${n}`, version: 1, versionNonce: 1, isDeleted: false, ...rest };
    return label ? [element, { ...element, id: `e${n}t`, type: "text", text: label.text, containerId: element.id }] : [element];
  });
}

test("thought record, chain analysis, wheel of feelings, pros and cons, and values can be put on a board", () => {
  assert.deepEqual([...TEMPLATES], ["thought_record", "chain", "feelings", "pros_cons", "values"]);
});

for (const name of TEMPLATES) {
  for (const language of ["en", "es"] as const) {
    test(`${name} opens as items that can be read and written in, in ${language}`, () => {
      const list = items(standing(name, language));
      const read = list.map(({ text }) => text).filter(Boolean);
      for (const words of EXERCISES[name][language]) assert.ok(read.includes(words), words);
      assert.equal(read[0], EXERCISES[name][language][0], "its name is read first");
      assert.equal(read.length, EXERCISES[name].texts);
      assert.ok(list.some(({ kind }) => kind === "shape"), "there is room to write in");
    });
  }
}
