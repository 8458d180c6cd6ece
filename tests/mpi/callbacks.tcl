# -command: the call returns at once, and the event loop brings the outcome.
source [file join [file dirname [info script]] ranks.tcl]
source [file join [file dirname [info script]] formulas.tcl]

set all {}
for {set r 0} {$r < $size} {incr r} {lappend all $r}
set right [expr {($rank + 1) % $size}]
set left [expr {($rank + $size - 1) % $size}]

# Collects what is called back; `await` serves events until so many have come.
set outcomes {}
proc take {name args} {lappend ::outcomes $name $args}
proc await {count} {
    set late [after 60000 {set ::outcomes late}]
    while {[llength $::outcomes] < 2 * $count && $::outcomes ne "late"} {vwait ::outcomes}
    after cancel $late
    set outcomes $::outcomes
    set ::outcomes {}
    return $outcomes
}

foreach shape {{2 3} {40 50} {300 100}} {
    set own [contribution $rank $shape float32]
    expectText "gather -command answers nothing" [torch::distributed_gather -tensor $own -dst 0 -command {take gather}] {}
    expectText "it calls back later" $outcomes {}
    lassign [lindex [await 1] 1] word result
    expectText "gather succeeded" $word ok
    expect "gather of {$shape}" $result [expr {$rank ? [torch::empty [concat 0 $shape]] : [stacked $all $shape float32]}]

    torch::distributed_all_reduce -tensor $own -operation max -command {take reduce}
    lassign [await 1] name outcome
    expectText "the prefix has its own words" $name reduce
    expect "all_reduce of {$shape}" [lindex $outcome 1] [reduced max $all $shape float32]
}

# The same of half a million numbers, which are known without a list of them: rank r has 0, 1, 2 ... plus r.
set own [torch::tensor_add [torch::tensor_reshape [torch::arange 500000] {1000 500}] $rank]
torch::distributed_all_reduce -tensor $own -operation sum -command {take reduce}
expect "all_reduce of {1000 500}" [lindex [await 1] 1 1] [torch::tensor_add \
    [torch::tensor_mul [torch::tensor_reshape [torch::arange 500000] {1000 500}] $size] [expr {$size * ($size - 1) / 2}]]

# Several at a time end in the order in which they were called; the values are those at the time of the call.
for {set i 0} {$i < 10} {incr i} {
    set x [torch::full [expr {$i % 2 ? 3 : 3000}] [expr {$rank + $i}]]
    torch::distributed_gather -tensor $x -dst -1 -command [list take $i]
}
set sum [torch::distributed_all_reduce [torch::tensor_create $rank]]
expect "a blocking call comes after them" $sum [torch::tensor_create [expr {$size * ($size - 1) / 2.0}]]
set i 0
foreach {name outcome} [await 10] {
    expectText "in order" $name $i
    set n [expr {$i % 2 ? 3 : 3000}]
    expect "gather $i of several" [lindex $outcome 1] \
        [torch::tensor_stack -tensors [lmap r $all {torch::full $n [expr {$r + $i}]}]]
    incr i
}

# Other events are served meanwhile.
set ticks 0
proc tick {} {
    incr ::ticks
    after 1 tick
}
tick
if {$rank == 0} {
    torch::distributed_gather -tensor [torch::ones 5] -command {take gather}
    await 1
    expectText "ticks while it waited" [expr {$ticks > 20}] 1
} else {
    after 300 {set go 1}
    vwait go
    torch::distributed_gather [torch::ones 5]
}
after cancel tick

# A callback starts the next one.
proc chain {left word result} {
    if {$word ne "ok" || $left == 0} {
        take chain $word $result
    } else {
        torch::distributed_all_reduce -tensor $result -operation sum -command [list chain [expr {$left - 1}]]
    }
}
chain 5 ok [torch::tensor_create 1 float64]
expect "a chain of calls" [lindex [await 1] 1 1] [torch::tensor_create [expr {$size ** 5}] float64]

# Messages.
set handle [torch::distributed_irecv -shape {2 500} -src $left -tag 1 -command {take receive}]
expectText "a handle all the same" [regexp {^irecv_handle_\d+$} $handle] 1
set sending [torch::distributed_isend -tensor [torch::full {2 500} $rank] -dst $right -tag 1 -command {take send}]
set outcomesByName [await 2]
expect "irecv" [lindex [dict get $outcomesByName receive] 1] [torch::full {2 500} $left]
expectText "isend" [dict get $outcomesByName send] {ok send_completed}
expect "the handle can still be waited for" [torch::distributed_wait $handle] [torch::full {2 500} $left]
expectText "the send's too" [torch::distributed_wait $sending] send_completed

# A server of messages: each callback posts the next receive.
set served 0
proc serve {word message} {
    incr ::served [expr {int([torch::tensor_item $message])}]
    if {$::served < 100} {torch::distributed_irecv -shape 1 -src -1 -tag 2 -command serve}
}
if {$rank == 0} {
    torch::distributed_irecv -shape 1 -src -1 -tag 2 -command serve
}
torch::distributed_barrier
if {$rank == $size - 1} {
    for {set i 0} {$i < 100} {incr i} {torch::distributed_isend [torch::tensor_create 1] 0 2}
}
if {$rank == 0} {
    set late [after 60000 {set served -1}]
    while {$served >= 0 && $served < 100} {vwait served}
    after cancel $late
    expectText "all were served" $served 100
}
torch::distributed_barrier

# Errors are called back too.
if {$size > 1} {
    torch::distributed_gather -tensor [torch::ones [expr {3 + ($rank == 1)}]] -command {take gather}
    lassign [lindex [await 1] 1] word message
    expectText "a mismatch" $word error
    expectText "its message" $message "distributed_gather: rank 1 has {4} float32 where rank 0 has {3} float32"
}
torch::distributed_irecv -shape 3 -src $left -tag 77 -timeout 0.2 -command {take receive}
lassign [lindex [await 1] 1] word message
expectText "nobody sends" $word error
expectText "its message" [string match "distributed_recv: no answer within 0.2 s*" $message] 1

# An error in a callback is a background error.
proc bgerror {message} {set ::background $message}
torch::distributed_gather -tensor [torch::ones 3] -command {error mistake}
vwait background
expectText "a background error" [string match mistake* $background] 1

# The result depends on the input where gradients are wanted.
set x [torch::tensor_create -data [list [expr {$rank + 1.0}]] -requiresGrad true]
torch::distributed_all_reduce -tensor $x -operation sum -command {take reduce}
set total [lindex [await 1] 1 1]
torch::tensor_backward [torch::tensor_sum [torch::tensor_mul $total $total]]
expect "gradient through -command" [torch::tensor_grad $x] \
    [torch::tensor_create [expr {2.0 * $size * $size * ($size + 1) / 2}]]

# A callback that serves events itself keeps no other from being called.
proc nested {n word result} {
    lappend ::begun $n
    if {$n < 3} {
        set late [after 60000 {set ::innermost late}]
        if {![info exists ::innermost]} {vwait ::innermost}
        after cancel $late
    } else {
        set ::innermost reached
    }
    take $n $word $result
}
foreach n {1 2 3} {torch::distributed_all_reduce -tensor [torch::tensor_create $n] -operation max -command [list nested $n]}
set names {}
foreach {name outcome} [await 3] {lappend names $name}
expectText "each was called while the one before waited" $begun {1 2 3}
expectText "the last one has let the others go" [list $innermost [lsort $names]] {reached {1 2 3}}

# While much data moves, idle callbacks run, timers too, and `update` comes back.
set idle 0
proc whenIdle {} {
    incr ::idle
    after 2 {after idle whenIdle}
}
whenIdle
proc large {r} {torch::tensor_add [torch::arange 1000000] $r}
set largest [torch::tensor_stack -tensors [lmap r $all {large $r}]]
if {$rank} {after 300}
torch::distributed_gather -tensor [large $rank] -dst -1 -command {take large}
set updates 0
while {![llength $outcomes]} {
    update
    incr updates
}
expect "four megabytes" [lindex [await 1] 1 1] $largest
if {$rank == 0} {
    expectText "updates before the end" [expr {$updates > 1}] 1
    expectText "idle callbacks" [expr {$idle > 1}] 1
}
set idle 0
if {$rank} {after 300}
torch::distributed_gather -tensor [large $rank] -dst -1 -command {take large}
expect "four megabytes again" [lindex [await 1] 1 1] $largest
if {$rank == 0} {expectText "idle callbacks while it waits" [expr {$idle > 1}] 1}
proc whenIdle {} {}

# No command is none; what is no list is refused before anything starts.
expect "-command {}" [torch::distributed_all_reduce -tensor [torch::ones 2] -operation sum -command {}] [torch::full 2 $size]
foreach call {
    {distributed_gather -tensor $x -command} {distributed_all_reduce -tensor $x -command}
    {distributed_isend -tensor $x -dst $right -command} {distributed_irecv -shape 1 -src $left -command}
} {
    expectError "a malformed command: $call" "torch::$call {a {b}c}" "*-command*"
}
expect "nothing has been started" [torch::distributed_all_reduce [torch::ones 2]] [torch::full 2 $size]

# What is under way at the end does not keep the script from ending.
torch::distributed_gather -tensor [torch::ones 3] -command {take gather}
report
