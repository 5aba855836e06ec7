"""The benchmark: gslb beside its peers and beside the kernel's limit, on one core, by one client.

    __main__      the command; each part prints its tables and can be run alone
    udp           answers a second          tcp        the same over kept connections
    instructions  what an answer costs in user space          callgrind  how that is counted
    publish       who asks while a zone is published          edits      who publishes it
    workers       what workers cost each other
    flood         a flood with forged sources                 resolver   who lives in its midst
    million       a million static names beside NSD and Knot: `python -m bench.million`
    stages        the same zone's way through gslb, stage by stage

    worlds   the zones         cases    what is asked, and what a right answer is
    kinds    the servers in their own words       servers   started, waited for, stopped by pid
    client   runs load.c       runs     a run that counts     tables   Markdown, medians, ratios
    machine  cores, ports, CPU time, programs

    load.c   the client        echo.c   the limit of the kernel's UDP path      flood.c  the flood

It measures and does not judge: the aims stand beside the figures, in README.md what they came to.
"""
