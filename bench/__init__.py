"""The benchmark: gslb beside gdnsd and beside the kernel's limit, on one core, by one client.

    __main__  the command: rounds, medians, the table
    cases     what is asked, and what a right answer is
    servers   the three servers, started on a core of their own and stopped by pid
    load.c    the client            echo.c    the limit of the kernel's UDP path
    million   a million static names beside NSD and Knot: `python -m bench.million`
    stages    the same zone's way through gslb, stage by stage

It measures and does not judge: the figures are compared by people, in README.md.
"""
