/** Whether a tag's address is a symbol, `"DB_Press".Spindle.Speed`, and no absolute address. */
export function isSymbol(address: string): boolean {
  return address.trim().startsWith('"')
}
