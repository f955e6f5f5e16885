/** The words of private notes, in both languages; read through words.ts. */

export const NOTES_EN = {
  notes: "My notes",
  notes_field: "For me alone",
  notes_patient: "Only you read this: no staff, no supporter, nobody of the group. Kept for {days} days after the session, or until you delete it.",
  notes_no_help: "Nobody answers here. If you need somebody, use the signal or “I need help now”.",
  notes_lead: "A help for drafting, read by you alone. Not the chart: what belongs to the record goes into the note, danger into a flag. Deleted once everybody’s note is signed, at the latest after {days} days.",
  notes_page: "Read and delete my notes",
  notes_reading: "Looking for your notes…",
  notes_saved: "Saved",
  notes_unsaved: "Not yet saved. It stays on this device, and we keep trying.",
  notes_refused: "This could not be saved any more. Copy what you need.",
  notes_too_long: "Too long to be saved: please shorten it by {n} characters.",
};

export const NOTES_ES: Record<keyof typeof NOTES_EN, string> = {
  notes: "Mis notas",
  notes_field: "Solo para mí",
  notes_patient: "Solo usted lee esto: nadie del personal, ninguna persona de apoyo, nadie del grupo. Se guarda {days} días después de la sesión, o hasta que usted lo borre.",
  notes_no_help: "Aquí nadie responde. Si necesita a alguien, use la señal o «Necesito ayuda ahora».",
  notes_lead: "Una ayuda para redactar que solo usted lee. No es el expediente: lo que pertenece a él va en la nota, el peligro en un aviso. Se borra cuando la nota de todos está firmada, a más tardar a los {days} días.",
  notes_page: "Leer y borrar mis notas",
  notes_reading: "Buscando sus notas…",
  notes_saved: "Guardado",
  notes_unsaved: "Aún no está guardado. Queda en este dispositivo y seguimos intentándolo.",
  notes_refused: "Esto ya no se pudo guardar. Copie lo que necesite.",
  notes_too_long: "Demasiado largo para guardarse: acórtelo en {n} caracteres.",
};
