import type { Place, Position } from '../kafka.ts'

/** Up to where Kafka has what is on a disk. */
export type Sent = { readonly epoch: number; readonly seq: number }

/** Only its name matters: positions of disk buffers are committed against it because Kafka wants an existing partition. */
export const anchor = { topic: 'ledger', partition: 0 }

/** Where the position of a source's disk buffer on a server is kept. */
export function diskPlace(source: string, server: string): Place & { readonly group: string } {
  return { ...anchor, group: `connectors.${source}.${server}` }
}

/** Epoch and sequence number share one Kafka offset: 23 bits of epoch above 40 bits of sequence. */
const seqBits = 40n

export function packPosition(epoch: number, seq: number): bigint {
  return (BigInt(epoch) << seqBits) | BigInt(seq)
}

export function unpackPosition(position: Position | undefined): Sent & { readonly metadata?: string } {
  if (!position) return { epoch: 0, seq: 0 }
  const { offset, metadata } = position
  return {
    epoch: Number(offset >> seqBits),
    seq: Number(offset & ((1n << seqBits) - 1n)),
    ...(metadata && { metadata }),
  }
}
