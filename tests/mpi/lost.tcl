# What ranks see when the last one dies, comes late or leaves. Run by failures.tcl, which names the case.
set timeout 2.0
set case [lindex $argv 1]
if {$case eq "absent"} {
    # The last rank comes to nothing in time; the others find out while MPI starts.
    set rank $env(OMPI_COMM_WORLD_RANK)
    if {$rank == $env(OMPI_COMM_WORLD_SIZE) - 1} {
        after 6000
        exit
    }
    package require torch
    set begin [clock milliseconds]
    set code [catch {torch::distributed_init -backend mpi -timeout $timeout} message]
    set waited [expr {[clock milliseconds] - $begin}]
    set again [catch {torch::distributed_gather [torch::ones 3]} second]
    set good [expr {$code && $waited < 4000 && $message eq "MPI did not start within 2 s: some ranks did not come to it"
                    && $again && $second eq $message}]
    set channel [open [file join [lindex $argv 0] $rank] w]
    if {!$good} {puts $channel "absent: got <$message> and <$second> after $waited ms"}
    puts $channel "$good passed, [expr {!$good}] failed"
    close $channel
    exit
}

source [file join [file dirname [info script]] ranks.tcl]
source [file join [file dirname [info script]] formulas.tcl]
torch::distributed_init -backend mpi -timeout $timeout
set last [expr {$size - 1}]
set lost [expr {$rank == $last}]
torch::distributed_barrier

# This process, so that the test can see that it has gone.
set channel [open [file join $reports pid$rank] w]
puts $channel [pid]
close $channel

# The script fails within the timeout and 2 s, with a message that matches.
proc expectLost {what script pattern} {
    set begin [clock milliseconds]
    uplevel 1 [list expectError $what $script $pattern]
    set waited [expr {[clock milliseconds] - $begin}]
    note "$what: time" [expr {$waited < 1000 * ($::timeout + 2)}] "took $waited ms"
}
proc unusable {{name {the group of all ranks}}} {
    expectLost "unusable" {torch::distributed_all_reduce [torch::ones 3]} \
        "distributed_all_reduce: $name cannot be used any more: distributed_gather got no answer within $::timeout s from rank $::last"
}
set timeout 2

proc kill {} {exec kill -9 [pid]}
# From outside, at some moment of what follows.
proc killSoon {} {exec sh -c "sleep 0.3; kill -9 [pid]" &}

proc gathers {floats} {
    set x [torch::full $floats $::rank]
    while 1 {torch::distributed_gather $x}
}

switch $case {
    killed {
        # Between two gathers, and then everything else of that group.
        for {set i 0} {$i < 500} {incr i} {torch::distributed_gather [torch::ones 3]}
        if {$lost} kill
        expectLost "gather" {torch::distributed_gather [torch::ones 3]} \
            "distributed_gather: no answer within 2 s from rank $last, which died or did not call it; the group of all ranks cannot be used any more"
        unusable
        expectLost "barrier" {torch::distributed_barrier} "distributed_barrier: the group of all ranks cannot be used any more: *"
        expectLost "new_group" {torch::distributed_new_group 0 zero} "distributed_new_group: the group of all ranks cannot be used any more: *"
        expectLost "recv" {torch::distributed_recv 3 $last} "distributed_recv: no answer within 2 s from rank $last, *"
    }
    killed_small - killed_large {
        # In the middle of whatever: the error names the rank where that can be known.
        if {$lost} killSoon
        expectLost "gather" {gathers [expr {$case eq "killed_small" ? 6 : 2000000}]} \
            "distributed_gather: no answer within 2 s*; the group of all ranks cannot be used any more"
        expectLost "unusable" {torch::distributed_barrier} "distributed_barrier: the group of all ranks cannot be used any more: *"
    }
    killed_callback {
        proc take {word message} {lappend ::outcomes $word $message}
        if {$lost} kill
        set outcomes {}
        torch::distributed_gather -tensor [torch::ones 3] -command take
        torch::distributed_gather -tensor [torch::ones 4] -command take
        set end [expr {[clock milliseconds] + 4000}]
        while {[llength $outcomes] < 4 && [clock milliseconds] < $end} {
            after 10 {set wake 1}
            vwait wake
        }
        expectText "two errors" [lmap {word message} $outcomes {set word}] {error error}
        expectText "the first names the rank" [string match "*no answer within 2 s from rank $last*" [lindex $outcomes 1]] 1
        expectText "the second knows" [string match "*cannot be used any more*" [lindex $outcomes 3]] 1
    }
    killed_training {
        # In the middle of an epoch: the error comes in time, the last checkpoint loads, and one rank goes on alone.
        torch::manual_seed 1
        set model [torch::sequential [list [torch::linear 8 16] torch::tensor_tanh [torch::linear 16 3]]]
        set parallel [torch::distributed_data_parallel $model]
        set optimizer [torch::optimizer_adam $model 0.01]
        set x [torch::randn {12 8}]
        set y [torch::tensor_to [torch::remainder [torch::arange 12] 3] cpu int64]
        set file [file join $reports checkpoint$rank]
        proc step {model} {
            torch::optimizer_zero_grad $::optimizer
            torch::tensor_backward [torch::cross_entropy_loss [torch::layer_forward $model $::x] $::y]
            torch::optimizer_step $::optimizer
        }
        for {set i 0} {$i < 10} {incr i} {step $parallel}
        proc parameters {} {lmap p [torch::layer_parameters $::model] {torch::tensor_to_list $p}}
        set saved [parameters]
        torch::save_checkpoint $model $optimizer $file 10
        if {$lost} kill
        expectLost "step" {step $parallel} "distributed_all_reduce: no answer within 2 s from rank $last, *"
        torch::load_checkpoint $file $model $optimizer
        expectText "the parameters that were saved" [parameters] $saved
        step $model
        set after [parameters]
        expectText "a step goes on" [expr {$after ne $saved}] 1
        torch::load_checkpoint $file $model $optimizer
        step $model
        expectText "the same step again" [parameters] $after
        file delete $file
    }
    killed_elsewhere {
        # Groups without the dead rank go on.
        set others {}
        for {set r 0} {$r < $last} {incr r} {lappend others $r}
        torch::distributed_new_group $others others
        if {$lost} kill
        expectLost "gather" {torch::distributed_gather [torch::ones 3]} "distributed_gather: no answer within 2 s from rank $last, *"
        for {set i 0} {$i < 100} {incr i} {
            expect "the others go on" [torch::distributed_all_gather [torch::full 5 $rank] others] \
                [torch::tensor_stack -tensors [lmap r $others {torch::full 5 $r}]]
        }
    }
    late {
        if {$lost} {
            after 5000
            # The others have gone. What they had sent before still comes.
            expectError "the late rank" {gathers 3} "distributed_gather: no answer within 2 s*"
        } else {
            expectLost "gather" {torch::distributed_gather [torch::ones 3]} \
                "distributed_gather: no answer within 2 s from rank $last, which died or did not call it; *"
            unusable
        }
    }
    late_in_time {
        # Late, but within the timeout of this call.
        if {$lost} {after 3000}
        expect "gather" [torch::distributed_all_gather -tensor [torch::full 3 $rank] -timeout 60] \
            [torch::tensor_stack -tensors [lmap r [lrange {0 1 2 3} 0 $last] {torch::full 3 $r}]]
    }
    several_missing {
        # Rank 0 alone has come.
        if {$rank == 0} {
            expectLost "gather" {torch::distributed_gather [torch::ones 3]} \
                "distributed_gather: no answer within 2 s from rank [join [lrange {1 2 3} 0 [expr {$last - 1}]] {, }], which died or did not call it; *"
        } else {
            note "asleep" 1 {}
            after 4000
        }
    }
    leaves {
        # The script of the last rank ends: the others learn it at once, not at the timeout.
        if {$lost} {
            note "left" 1 {}
            report
            exit
        }
        set begin [clock milliseconds]
        expectError "gather" {torch::distributed_gather [torch::ones 3]} \
            "distributed_gather: rank $last calls distributed_finalize where rank 0 calls distributed_gather"
        expectError "and again" {torch::distributed_barrier} \
            "distributed_barrier: rank $last calls distributed_finalize where rank 0 calls distributed_barrier"
        note "at once" [expr {[clock milliseconds] - $begin < 1500}] "took [expr {[clock milliseconds] - $begin}] ms"
    }
    finalize {
        # After the end.
        expectText "finalize" [torch::distributed_finalize] ok
        expectError "gather" {torch::distributed_gather [torch::ones 3]} "distributed_finalize has left the world, and MPI cannot be started again"
        expectError "rank" {torch::get_rank} "distributed_finalize has left the world*"
        expectError "init" {torch::distributed_init -backend mpi} "distributed_finalize has left the world*"
        expectText "finalize again" [torch::distributed_finalize] ok
    }
    late_end {
        # The others' scripts end long before: they do not wait for more than the timeout.
        note "here" 1 {}
        if {$lost} {after 6000}
    }
}
report
