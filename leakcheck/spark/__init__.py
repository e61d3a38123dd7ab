"""Where a corpus outgrows a machine: the same filter from a cluster of Apache Spark.

    import leakcheck.spark as lc

    records = lc.keys(frame, column="text", kind="email")
    lc.build(records, "acme.bloom", kind="email", rate=1e-6)

`leakcheck build … --on spark` reads dumps as `leakcheck build` does.
"""
