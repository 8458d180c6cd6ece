# What a process finds in its environment: a launcher and no module for it, a launcher of one process, and none.
#
#     tclsh launcher.tcl PACKAGE ?MODULES MPIRUN ...?
#
# PACKAGE is the folder of the Tcl package. With the folder of the modules for MPI, each launcher is tried with it.
source [file join [file dirname [info script]] launch.tcl]
set launchers [lassign $argv package modules]
set passed 0
set problems {}

# A copy of the package stands where no module is near.
set copy [exec mktemp -d]
file copy {*}[glob [file join $package lib*torchtcl.so]] [file join $package pkgIndex.tcl] $copy

# Runs a script in a process of its own, with some variables in its environment; what it prints, errors included.
proc run {variables script {launcher {}}} {
    set command [list env -u OMPI_COMM_WORLD_SIZE -u PMI_SIZE -u WICK_MODULE_PATH TCLLIBPATH=$::copy {*}$variables {*}$launcher \
        [info nameofexecutable]]
    set path [file join $::copy script.tcl]
    set channel [open $path w]
    puts $channel "fconfigure stdout -translation lf\npackage require torch\n$script"
    close $channel
    catch {exec {*}$command $path 2>@1} output
    return $output
}
proc check {what variables script pattern {launcher {}}} {
    set output [run $variables $script $launcher]
    if {[string match $pattern $output]} {
        incr ::passed
    } else {
        lappend ::problems "$what: got <$output> instead of <$pattern>"
    }
}

set gather {puts [catch {torch::distributed_gather [torch::ones 3]} result]-$result}
set failure {1-a launcher has started several processes, but the MPI module libwick_%s.so cannot be loaded%s; build wick with -Dmpi=enabled, or set WICK_MODULE_PATH}
foreach {implementation variables} {
    openmpi {OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0}
    mpich {PMI_SIZE=2 PMI_RANK=0}
} {
    set failed [format $failure $implementation {}]
    check "$implementation, gather" $variables $gather $failed
    check "$implementation, get_rank" $variables {puts [catch {torch::get_rank} result]-$result} $failed
    check "$implementation, init" $variables {puts [catch {torch::distributed_init -backend mpi} result]-$result} $failed
    close [open [file join $copy libwick_$implementation.so] w]
    check "$implementation, a file that is no module" $variables $gather [format $failure $implementation ": *too short"]
    file delete [file join $copy libwick_$implementation.so]
    check "$implementation, other commands" $variables {puts [torch::tensor_to_list [torch::ones 2]]} "1.0 1.0"
    check "$implementation, the world's size must agree" $variables \
        {puts [catch {torch::distributed_init 0 3 localhost} result]-$result} \
        "1-distributed_init: world size 3 was given where the launcher says 2"
    check "$implementation, the rank must agree" $variables \
        {puts [catch {torch::distributed_init 1 2 localhost} result]-$result} \
        "1-distributed_init: rank 1 was given where the launcher says 0"
}

# One process under a launcher is alone, and needs no module.
set one {OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0}
check "one process, init" $one {puts [torch::distributed_init -backend mpi]} \
    "Distributed training initialized (single GPU): rank=0, world_size=1, backend=mpi"
check "one process, the world's size must agree" $one {puts [catch {torch::distributed_init 0 4 localhost} result]-$result} \
    "1-distributed_init: world size 4 was given where the launcher says 1"
check "one process, barrier" $one {torch::distributed_init; puts [torch::distributed_barrier]} "Barrier synchronized (single GPU)"
check "one process, gather" $one {puts [torch::tensor_shape [torch::distributed_gather [torch::ones 3]]]} "1 3"

# Without a launcher the parameters are required, and a world of several is emulated.
check "no launcher, init" {} {puts [catch {torch::distributed_init -backend mpi} result]-$result} \
    "1-Required parameter missing: -rank"
check "no launcher, emulation" {} {puts [torch::distributed_init 1 4 somewhere]} \
    "Distributed training initialized (emulated multi-GPU): rank=1, world_size=4, backend=emulated_nccl"
check "no launcher, finalize" {} {puts [torch::distributed_finalize]-[torch::get_rank]} ok-0
check "no launcher, reduce" {} {
    puts [torch::tensor_to_list [torch::distributed_reduce [torch::tensor_create {4 -7} int64] 3 mean]]
} "4 -7"
check "no launcher, groups" {} {puts [torch::distributed_new_group 0 mine]} mine
check "no launcher, -command" {} {
    proc take {word result} {
        puts $word-[torch::tensor_shape $result]
        exit
    }
    torch::distributed_gather -tensor [torch::ones 3] -command take
    vwait forever
} "ok-1 3"
check "no launcher, no MPI in the process" {} {
    torch::distributed_gather [torch::ones 3]
    set channel [open /proc/self/maps]
    puts [regexp {libmpi|libmpich|libwick_} [read $channel]]
} 0

# Two ranks whose package is told where the modules are.
foreach launcher $launchers {
    check "$launcher, with the modules" [list WICK_MODULE_PATH=$modules] {
        if {[torch::get_rank]} exit
        puts [torch::distributed_init -backend mpi]
    } "Distributed training initialized: rank=0, world_size=2, backend=mpi" [list $launcher -n 2 {*}[implementationOptions $launcher]]
}

file delete -force $copy
foreach problem $problems {puts $problem}
puts "launcher: $passed passed, [llength $problems] failed"
exit [expr {[llength $problems] > 0}]
