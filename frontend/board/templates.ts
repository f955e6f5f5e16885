/**
 * Exercises to fill in together, as plain skeletons of shapes: our own words and drawings. Each is a list of pieces in
 * coordinates of its own; the board turns them into Excalidraw's elements. No DOM: tested in Node.
 */

export type Piece =
  | { type: "rectangle" | "ellipse"; x: number; y: number; width: number; height: number; tint: Tint; words?: string }
  | { type: "text"; x: number; y: number; text: string; size: number; middle?: boolean }
  | { type: "line" | "arrow"; x: number; y: number; to: readonly [number, number] };

export type Tint = "none" | "sea" | "clay" | "sand" | "leaf" | "rose" | "sky";
export type TemplateName = "thought_record" | "chain" | "feelings" | "pros_cons" | "values";

export const TEMPLATES: readonly TemplateName[] = ["thought_record", "chain", "feelings", "pros_cons", "values"];

type Sentences = {
  thought_record: { title: string; columns: readonly (readonly [string, string])[] };
  chain: { title: string; links: readonly (readonly [string, string])[]; other: string };
  feelings: { title: string; rays: readonly (readonly [string, string, string])[] };
  pros_cons: { title: string; columns: readonly [string, string]; rows: readonly [string, string] };
  values: { title: string; fields: readonly (readonly [string, string])[]; step: string };
};

const EN: Sentences = {
  thought_record: {
    title: "Thought record",
    columns: [
      ["What happened", "Where, when, who"],
      ["What went through my mind", "In the words of the moment"],
      ["What I felt", "And how strongly, 0 to 10"],
      ["What speaks for it", "Only what a camera would see"],
      ["What speaks against it", "What would a friend notice?"],
      ["A fairer thought", "And what I feel now, 0 to 10"],
    ],
  },
  chain: {
    title: "Chain analysis",
    links: [
      ["What made me vulnerable", "Sleep, food, pain, use, stress"],
      ["What set it off", "The first thing outside me"],
      ["Links", "Thought, feeling, body, deed"],
      ["What I did", "The deed we look at"],
      ["What followed", "At once, and later"],
    ],
    other: "Where could I step off the chain? With which skill?",
  },
  feelings: {
    title: "Wheel of feelings",
    rays: [
      ["Glad", "calm", "hopeful"],
      ["Close", "loved", "thankful"],
      ["Startled", "unsure", "curious"],
      ["Afraid", "worried", "tense"],
      ["Sad", "lonely", "empty"],
      ["Ashamed", "guilty", "small"],
      ["Angry", "hurt", "jealous"],
      ["Numb", "tired", "far away"],
    ],
  },
  pros_cons: {
    title: "Pros and cons",
    columns: ["What speaks for it", "What speaks against it"],
    rows: ["Giving in to the urge", "Staying with my skill"],
  },
  values: {
    title: "What matters to me",
    fields: [
      ["People", "How do I want to be with them?"],
      ["Health", "What does my body thank me for?"],
      ["Work and learning", "What do I want to give or learn?"],
      ["Joy and rest", "What fills me up?"],
    ],
    step: "One small step this week",
  },
};

const ES: Sentences = {
  thought_record: {
    title: "Registro de pensamientos",
    columns: [
      ["Qué pasó", "Dónde, cuándo, con quién"],
      ["Qué me pasó por la mente", "Con las palabras del momento"],
      ["Qué sentí", "Y con qué fuerza, de 0 a 10"],
      ["Qué habla a favor", "Solo lo que vería una cámara"],
      ["Qué habla en contra", "¿Qué notaría una amistad?"],
      ["Un pensamiento más justo", "Y qué siento ahora, de 0 a 10"],
    ],
  },
  chain: {
    title: "Análisis en cadena",
    links: [
      ["Qué me hizo vulnerable", "Sueño, comida, dolor, consumo, estrés"],
      ["Qué lo desató", "Lo primero que vino de fuera"],
      ["Eslabones", "Idea, emoción, cuerpo, acto"],
      ["Qué hice", "El acto que miramos"],
      ["Qué siguió", "Enseguida y más tarde"],
    ],
    other: "¿Dónde podría salir de la cadena? ¿Con qué habilidad?",
  },
  feelings: {
    title: "Rueda de emociones",
    rays: [
      ["Alegría", "calma", "esperanza"],
      ["Cercanía", "cariño", "gratitud"],
      ["Sorpresa", "duda", "curiosidad"],
      ["Miedo", "inquietud", "tensión"],
      ["Tristeza", "soledad", "vacío"],
      ["Vergüenza", "culpa", "pequeñez"],
      ["Enojo", "dolor", "celos"],
      ["Nada", "cansancio", "lejanía"],
    ],
  },
  pros_cons: {
    title: "Pros y contras",
    columns: ["Qué habla a favor", "Qué habla en contra"],
    rows: ["Ceder al impulso", "Seguir con mi habilidad"],
  },
  values: {
    title: "Lo que me importa",
    fields: [
      ["Personas", "¿Cómo quiero estar con ellas?"],
      ["Salud", "¿Qué me agradece el cuerpo?"],
      ["Trabajo y aprendizaje", "¿Qué quiero dar o aprender?"],
      ["Alegría y descanso", "¿Qué me llena?"],
    ],
    step: "Un paso pequeño esta semana",
  },
};

const TINTS: readonly Tint[] = ["sea", "sand", "leaf", "clay", "rose", "sky"];

export function pieces(name: TemplateName, language: string): Piece[] {
  const words = language.startsWith("es") ? ES : EN;
  switch (name) {
    case "thought_record":
      return columns(words.thought_record.title, words.thought_record.columns, 3);
    case "chain":
      return chain(words.chain);
    case "feelings":
      return wheel(words.feelings);
    case "pros_cons":
      return grid(words.pros_cons);
    case "values":
      return values(words.values);
  }
}

function title(text: string): Piece {
  return { type: "text", x: 0, y: -70, text, size: 36 };
}

/** A box with its heading and a question over an empty space to write in. */
function box(x: number, y: number, width: number, height: number, [head, ask]: readonly [string, string], tint: Tint): Piece[] {
  return [
    { type: "rectangle", x, y, width, height, tint },
    { type: "text", x: x + 16, y: y + 14, text: head, size: 20 },
    { type: "text", x: x + 16, y: y + 44, text: ask, size: 16 },
  ];
}

function columns(head: string, cells: readonly (readonly [string, string])[], across: number): Piece[] {
  const found = cells.flatMap((cell, n) => box((n % across) * 380, Math.floor(n / across) * 280, 360, 260, cell, TINTS[n % 6] ?? "none"));
  return [title(head), ...found];
}

function chain(words: Sentences["chain"]): Piece[] {
  const links = words.links.flatMap((link, n) => box(n * 380, 0, 320, 240, link, TINTS[n % 6] ?? "none"));
  const arrows = words.links.slice(1).map((_link, n): Piece => ({ type: "arrow", x: n * 380 + 326, y: 120, to: [48, 0] }));
  return [title(words.title), ...links, ...arrows, ...box(0, 290, 1840, 170, [words.other, ""], "none").slice(0, 2)];
}

function wheel(words: Sentences["feelings"]): Piece[] {
  const [middle, outer, inner] = [430, 430, 200];
  const rings: Piece[] = [
    { type: "ellipse", x: 0, y: 0, width: outer * 2, height: outer * 2, tint: "sand" },
    { type: "ellipse", x: middle - inner, y: middle - inner, width: inner * 2, height: inner * 2, tint: "sea" },
  ];
  const slice = (2 * Math.PI) / words.rays.length;
  const at = (radius: number, turn: number): [number, number] => [middle + radius * Math.cos(turn), middle + radius * Math.sin(turn)];
  const rays = words.rays.flatMap(([core, near, far], n): Piece[] => {
    const edge = n * slice - Math.PI / 2;
    const [x, y] = at(0, 0);
    const [endX, endY] = at(outer, edge);
    const texts = ([[core, 135, 20], [near, 255, 18], [far, 355, 18]] as const).map(([text, radius, size]): Piece => {
      const [textX, textY] = at(radius, edge + slice / 2);
      return { type: "text", x: textX, y: textY - size * 0.6, text, size, middle: true };
    });
    return [{ type: "line", x, y, to: [endX - x, endY - y] }, ...texts];
  });
  return [title(words.title), ...rings, ...rays];
}

function grid(words: Sentences["pros_cons"]): Piece[] {
  const heads = words.columns.map((text, n): Piece => ({ type: "text", x: 280 + n * 480, y: 0, text, size: 20 }));
  const rows = words.rows.flatMap((text, n): Piece[] => [
    { type: "rectangle", x: 0, y: 40 + n * 270, width: 240, height: 250, tint: "sand", words: text },
    { type: "rectangle", x: 260, y: 40 + n * 270, width: 460, height: 250, tint: n ? "leaf" : "none" },
    { type: "rectangle", x: 740, y: 40 + n * 270, width: 460, height: 250, tint: n ? "none" : "clay" },
  ]);
  return [title(words.title), ...heads, ...rows];
}

function values(words: Sentences["values"]): Piece[] {
  return [...columns(words.title, words.fields, 2), ...box(0, 580, 740, 160, [words.step, ""], "clay").slice(0, 2)];
}
