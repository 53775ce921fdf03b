/**
 * The last `capacity` seconds of one series: a row of `width` numbers a second, found by second modulo capacity. Memory is
 * fixed: capacity * (width + 1) * 4 bytes. Numbers are float32, enough for a chart; exact values are kept elsewhere.
 */
export class SecondRing {
  readonly #capacity: number
  readonly #width: number
  readonly #seconds: Uint32Array
  readonly #rows: Float32Array

  constructor(capacity: number, width: number) {
    this.#capacity = capacity
    this.#width = width
    this.#seconds = new Uint32Array(capacity)
    this.#rows = new Float32Array(capacity * width)
  }

  /** Replaces what the same second held; what is older than the slot's row is ignored. `null` is a gap. */
  set(second: number, row: readonly (number | null)[]): void {
    const slot = second % this.#capacity
    if (second < this.#seconds[slot]!) return
    this.#seconds[slot] = second
    for (let column = 0; column < this.#width; column++) {
      this.#rows[slot * this.#width + column] = row[column] ?? Number.NaN
    }
  }

  /** Rows after the second `after` up to `until`, ascending; one array a column. */
  read(after: number, until: number): { t: number[]; columns: (number | null)[][] } {
    const t: number[] = []
    const columns = Array.from({ length: this.#width }, (): (number | null)[] => [])
    const first = Math.max(after + 1, until - this.#capacity + 1)
    for (let second = first; second <= until; second++) {
      const slot = second % this.#capacity
      if (this.#seconds[slot] !== second) continue
      t.push(second)
      for (let column = 0; column < this.#width; column++) columns[column]!.push(this.#at(slot, column))
    }
    return { t, columns }
  }

  /** Means of one column over buckets of `stepS` seconds ending at `until`; null where a bucket is empty. */
  buckets(column: number, until: number, count: number, stepS: number): (number | null)[] {
    const sums = new Float64Array(count)
    const counts = new Uint32Array(count)
    const start = until - count * stepS
    const { t, columns } = this.read(start, until)
    for (const [row, second] of t.entries()) {
      const value = columns[column]![row] ?? null
      if (value === null) continue
      const bucket = Math.floor((second - start - 1) / stepS)
      sums[bucket]! += value
      counts[bucket]! += 1
    }
    return Array.from(sums, (sum, bucket) => (counts[bucket] ? sum / counts[bucket]! : null))
  }

  #at(slot: number, column: number): number | null {
    const value = this.#rows[slot * this.#width + column]!
    return Number.isNaN(value) ? null : shorten(value)
  }
}

/** Seven digits: all that a float32 holds. */
function shorten(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(7))
}
