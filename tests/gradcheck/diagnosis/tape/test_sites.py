"""Operations in one place of the code."""

import numpy as np
from tape_graphs import graph_of

from minidl.gradcheck.diagnosis.tape.sites import input_sites, sites_of


def looped(x, w):
    h = np.zeros((4, 4))
    for row in x:
        h = np.tanh(h @ w + row)
    return h


def test_the_turns_of_a_loop_are_one_site():
    graph = graph_of(looped)
    sites = {site.operation: site for site in sites_of(graph)}
    assert len(sites["@"].nodes) == len(sites["tanh"].nodes) == 4
    assert sites["@"].argument(1).startswith("the second argument of @ (line ")
    assert sites["@"].argument(1).endswith("h = np.tanh(h @ w + row))")
    assert sites["tanh"].argument(0).startswith("the argument of tanh")
    assert sites["tanh"].result == "the result of tanh"
    assert len(sites["@"].edges(1, graph)) == 4


def test_nothing_comes_back_to_a_constant():
    graph = graph_of(looped)
    product = next(site for site in sites_of(graph) if site.operation == "@")
    assert len(product.edges(0, graph)) == 3  # h is zero in the first turn


def test_inputs_have_their_names():
    assert [site.result for site in input_sites(graph_of(looped))] == ["x", "w"]
