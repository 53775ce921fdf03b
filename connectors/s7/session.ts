/** What a session needs besides its declaration; loaded with the first connection, so that listing the connectors loads no protocol. */
export { openClient } from './client.ts'
export { Progress } from './progress.ts'
export { runScans } from './scanning.ts'
export { resolveSymbols } from './symbols/resolve.ts'
export { tryReading, writePoint } from './write.ts'
