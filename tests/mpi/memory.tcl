# A hundred thousand small gathers take no more memory than a few of them.
source [file join [file dirname [info script]] ranks.tcl]

proc residentKilobytes {} {
    set channel [open /proc/self/status]
    set status [read $channel]
    close $channel
    regexp {VmRSS:\s+(\d+) kB} $status -> kilobytes
    return $kilobytes
}

proc gathers {count} {
    set x [torch::tensor_create -data {1 2 3 4 5 6}]
    for {set i 0} {$i < $count} {incr i} {set all [torch::distributed_gather $x]}
    torch::tensor_shape $all
}
proc finished {word result} {set ::done $word}

# Larger than what travels with the agreement; with a callback; messages; mismatches.
proc others {count} {
    set x [torch::ones 100]
    set other [torch::ones [expr {100 + $::rank}]]
    set right [expr {($::rank + 1) % $::size}]
    for {set i 0} {$i < $count} {incr i} {
        torch::distributed_gather $x
        torch::distributed_all_reduce $x
        torch::distributed_gather -tensor $x -command finished
        vwait ::done
        set request [torch::distributed_isend [torch::ones 2000] $right $i]
        torch::distributed_irecv -shape 2000 -src -1 -tag $i -command finished
        vwait ::done
        torch::distributed_wait $request
        catch {torch::distributed_gather $other}
    }
}

foreach {work warm count} {gathers 5000 100000 others 500 3000} {
    $work $warm
    set before [residentKilobytes]
    $work $count
    set growth [expr {[residentKilobytes] - $before}]
    note "memory of $count $work" [expr {$growth < 1024}] "grew by $growth kB"
}
expectText "tensors alive" [expr {[llength [torch::tensors]] < 20}] 1
report
