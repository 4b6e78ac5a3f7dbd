// Bounds on plans, with their reasons.

package enum PlanLimits {
    /// Steps of one statement: nodes of its plan that lie above each other, those of subqueries included. Whatever walks a plan
    /// does so by recursion, and so do the operators when they pull rows and when they are released: with this many it needs
    /// less than the half MiB of stack that the most frugal threads have.
    package static let stepsMax = 1_000
}
