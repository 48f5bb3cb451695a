/** The server's words begin small and end without a full stop, so that programs can put them into sentences of their own. */
export function sentence(words: string): string {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?…]$/.test(whole) || whole === "" ? whole : `${whole}.`;
}
