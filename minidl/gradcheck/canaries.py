def plant(report, given, budget):
    pass
