/** One measured figure; `met` says whether it reaches its goal. */
export type Row = { name: string; value: number; unit: string; goal?: number; met?: boolean }
