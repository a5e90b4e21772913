"""Random schedules of all built-in kinds, for Hypothesis."""

from hypothesis import strategies as st

from minidl import Constant, Cosine, ExponentialDecay, InverseTimeDecay, PerEpoch, StepDecay, WarmUp

RATE = st.floats(1e-6, 10)
STEPS = st.integers(1, 10_000)
SHARE = st.floats(0.01, 1)
PLAIN = st.one_of(
    st.builds(Constant, RATE),
    st.builds(StepDecay, RATE, STEPS, SHARE),
    st.builds(ExponentialDecay, RATE, STEPS, SHARE),
    st.builds(InverseTimeDecay, RATE, SHARE, STEPS),
    st.builds(lambda rate, steps, share: Cosine(rate, steps, rate * share), RATE, STEPS, SHARE),
)
ANY = st.one_of(PLAIN, st.builds(WarmUp, STEPS, PLAIN | RATE), st.builds(PerEpoch, PLAIN))
