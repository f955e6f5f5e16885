/** The room's few icons; a word stands beside each. */

export type IconName = "line" | "mic" | "camera" | "hand" | "people" | "leave" | "signal" | "board" | "tools" | "chat";

const SHAPES: Record<IconName, string> = {
  line: "M3.500 16.500v-3M8 16.500V10M12.500 16.500V6.500M17 16.500V3",
  mic: "M10 2.5a2.5 2.5 0 0 1 2.5 2.5v4.5a2.5 2.5 0 0 1-5 0V5A2.5 2.5 0 0 1 10 2.5zM4.5 9.5a5.5 5.5 0 0 0 11 0M10 15v2.5",
  camera: "M2.5 5.5h10v9h-10zM12.5 8.5l5-2.5v8l-5-2.5",
  hand: "M6 10V5.2a1.2 1.2 0 0 1 2.4 0V9M8.4 9V3.7a1.2 1.2 0 0 1 2.4 0V9M10.800 9V4.700a1.2 1.2 0 0 1 2.4 0V10M13.2 10V7a1.150 1.150 0 0 1 2.300 0v5c0 3.200-2.200 5.500-5 5.500-2.400 0-3.500-1.200-4.600-3.200L4.100 11.500c-.600-1.200 1-2.200 1.900-1z",
  people: "M7 9a2.750 2.750 0 1 0 0-5.500A2.750 2.750 0 0 0 7 9zM2 16.500c0-3 2-5 5-5s5 2 5 5M13 9a2.400 2.400 0 1 0 0-4.800M14 11.700c2.400.3 4 2.100 4 4.800",
  signal: "M4 4.500h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-6l-4 3.500v-3.500H4a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1z",
  board: "M2.5 4h15v10h-15zM7 17l1.500-3M13 17l-1.500-3M5.500 11c1.500-4 3-4 4-1.500s2.500 1.500 4.500-2.500",
  chat: "M3 4h14v9.500H9l-3.500 3v-3H3zM6 7.500h8M6 10h5",
  tools: "M3.500 6h6M13 6h3.500M11 4v4M3.500 14h2M9 14h7.500M7 12v4",
  leave: "M8.500 3.500h-5v13h5M8 10h9M13.500 6.500 17 10l-3.500 3.500",
};

export function Icon({ name, struck }: { name: IconName; struck?: boolean | undefined }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
      <path d={SHAPES[name]} />
      {struck && <path d="M3 3l14 14" strokeWidth="1.8" />}
    </svg>
  );
}
