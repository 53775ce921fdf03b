import type { Change, DemoPlant } from './plant.ts'

/** A controller of the plant as its network sees it: one server that shows the plant's readings. */
export interface Device {
  /** As a source's option `endpoint` has it. */
  readonly endpoint: string
  /** The server's certificate (PEM file), where its protocol has one. */
  readonly certificate?: string
  /** Shows the readings of this moment. @param at the plant's time, ms UTC */
  publish(at: number, change: Change): void
  /** Cuts every connection and refuses new ones; the server's sessions and memory live on. */
  unplug(): Promise<void>
  /** Listens again, on the same port. */
  plug(): Promise<void>
  /**
   * Breaks a sensor, or mends it when `status` is null.
   * @throws MillraceError `bad-address` for a point it does not have, `unsupported` for a status its protocol cannot show
   */
  breakSensor(point: string, status: string | null): void
  /** Trusts a client's certificate (PEM or DER file). @throws MillraceError `unsupported` where the protocol has none */
  trust(certificate: string): Promise<void>
  close(): Promise<void>
}

export type DeviceOptions = {
  plant: DemoPlant
  host: string
  /** 0 for a free one. */
  port: number
}
