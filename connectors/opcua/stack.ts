/** The protocol stack, loaded at the first connect: it takes 0.4 s, which a check of the configuration must not pay. */
export type Stack = typeof import('node-opcua-client')

let loading: Promise<Stack> | undefined

export function loadStack(): Promise<Stack> {
  loading ??= import('node-opcua-client').then(stack => {
    // Everything it would print is in the errors that it throws, which are told once and in our words.
    stack.setWarningLogger(() => {})
    stack.setErrorLogger(() => {})
    return stack
  })
  return loading
}
