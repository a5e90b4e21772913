def explain_layer(check, alone, lone):
    pass


def explain_network(check, checks, m):
    pass


def explain_penalty(check, m, bench):
    pass
