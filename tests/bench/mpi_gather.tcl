# How long torch::distributed_gather takes beside what the MPI library takes for the same work:
#
#     mpirun -n 2 mpi_gather mpi_gather.tcl ?ROUNDS?
#
# Both are measured in turn, in short bursts, and the fastest burst counts. A small gather stands beside a blocking
# MPI_Allgather of 64 bytes and MPI_Gather of its size, for ranks have to agree before data moves; a large one beside
# MPI_Gather alone.
package require torch
fconfigure stdout -translation lf

proc gatherSeconds {tensor count} {
    set begin [clock microseconds]
    for {set i 0} {$i < $count} {incr i} {torch::distributed_gather $tensor}
    expr {([clock microseconds] - $begin) / 1e6 / $count}
}

# The smallest time of the library's gather and of the raw one, in microseconds.
proc compare {floats agreement rounds count} {
    set tensor [torch::zeros $floats]
    set bytes [expr {4 * $floats}]
    for {set i 0} {$i < $rounds} {incr i} {
        torch::distributed_barrier
        lappend raw [raw_gather $bytes $agreement $count]
        torch::distributed_barrier
        lappend ours [gatherSeconds $tensor $count]
    }
    list [expr {[lindex [lsort -real $ours] 0] * 1e6}] [expr {[lindex [lsort -real $raw] 0] * 1e6}]
}

set rounds [expr {$argc ? [lindex $argv 0] : 40}]
torch::distributed_init -backend mpi
foreach {floats agreement count} {6 64 200  1024 64 100  65536 0 20  1048576 0 4  4194304 0 2} {
    lassign [compare $floats $agreement $rounds $count] ours raw
    if {[torch::get_rank] == 0} {
        puts [format "%d ranks %9d bytes a rank: gather %9.2f us, MPI %9.2f us, ratio %.2f" [torch::get_world_size] \
            [expr {4 * $floats}] $ours $raw [expr {$ours / $raw}]]
    }
}
