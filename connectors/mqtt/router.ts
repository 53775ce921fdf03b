import type { Route } from './message.ts'
import type { Pattern } from './pattern.ts'

/** A filter, and what it makes of each topic that it matches. */
export type Binding = {
  readonly pattern: Pattern
  readonly bind: (topic: string, names: ReadonlyMap<string, string>) => Route
}

/** Topics whose routes are kept; beyond it all are found anew. */
const mostKept = 250_000

/** Finds what is to be done with a topic's messages: once a topic, because topics are few and messages many. */
export class Router {
  readonly #bindings: readonly Binding[]
  readonly #exact = new Map<string, Route[]>()
  readonly #found = new Map<string, readonly Route[]>()

  constructor(bindings: readonly Binding[]) {
    this.#bindings = bindings
  }

  /** A route for one topic alone. */
  add(topic: string, route: Route): void {
    const routes = this.#exact.get(topic)
    if (routes) routes.push(route)
    else this.#exact.set(topic, [route])
  }

  /** Every filter to subscribe to, once. */
  filters(): string[] {
    return [...new Set([...this.#exact.keys(), ...this.#bindings.map(({ pattern }) => pattern.filter)])]
  }

  routesOf(topic: string): readonly Route[] {
    const known = this.#found.get(topic)
    if (known) return known
    const routes = [
      ...(this.#exact.get(topic) ?? []),
      ...this.#bindings.flatMap(binding => bound(binding, topic)),
    ]
    if (this.#found.size >= mostKept) this.#found.clear()
    this.#found.set(topic, routes)
    return routes
  }
}

function bound({ pattern, bind }: Binding, topic: string): Route[] {
  const names = pattern.match(topic)
  return names ? [bind(topic, names)] : []
}
