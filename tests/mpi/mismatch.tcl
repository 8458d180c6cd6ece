# Ranks that ask for different things: every rank gets the same error, and the group still works.
source [file join [file dirname [info script]] ranks.tcl]
source [file join [file dirname [info script]] formulas.tcl]

set all {}
for {set r 0} {$r < $size} {incr r} {lappend all $r}
set last [expr {$size - 1}]
set odd [expr {$rank == $last}]

# Evaluates the script, whose variables may differ on the last rank, and then lets the ranks work together.
proc disagree {what script pattern} {
    uplevel 1 [list expectError $what $script $pattern]
    expect "after: $what" [torch::distributed_all_gather [torch::tensor_create $::rank]] \
        [torch::tensor_stack -tensors [lmap r $::all {torch::tensor_create $r}]]
}
# The same error on every rank: gathered as the bytes of the message.
proc sameEverywhere {what script} {
    catch {uplevel 1 $script} message
    set bytes [lrange [concat [lmap c [split $message ""] {scan $c %c}] [lrepeat 300 0]] 0 299]
    set gathered [torch::tensor_to_list [torch::distributed_all_gather [torch::tensor_create -data $bytes -dtype uint8]]]
    foreach r $::all {
        expectText "rank $r: $what" [lrange $gathered [expr {300 * $r}] [expr {300 * $r + 299}]] $bytes
    }
}

foreach {kind dims} {small {3 4} large {30 40} deep {1 2 1 2 1 1 2 1 3}} {
    set other [lreplace $dims end end 5]
    set x [torch::ones [expr {$odd ? $other : $dims}]]
    foreach {command name} {
        {torch::distributed_gather $x} distributed_gather
        {torch::distributed_all_gather $x} distributed_gather
        {torch::distributed_broadcast $x} distributed_broadcast
        {torch::distributed_all_reduce $x} distributed_all_reduce
        {torch::distributed_reduce $x} distributed_reduce
    } {
        disagree "$kind shapes, $command" $command "$name: rank $last has {$other} float32 where rank 0 has {$dims} float32"
    }
    set x [torch::ones $dims [expr {$odd ? "int64" : "float16"}]]
    disagree "$kind dtypes" {torch::distributed_gather $x} \
        "distributed_gather: rank $last has {$dims} int64 where rank 0 has {$dims} float16"
    sameEverywhere "$kind dtypes" {torch::distributed_all_reduce $x}
}
set x [torch::ones [expr {$odd ? [list $size] : [list $size 1]}]]
disagree "numbers of dimensions" {torch::distributed_all_to_all $x} \
    "distributed_all_to_all: rank $last has {$size} float32 where rank 0 has {$size 1} float32"
disagree "shapes of reduce_scatter" {torch::distributed_reduce_scatter $x} \
    "distributed_reduce_scatter: rank $last has {$size} float32 where rank 0 has {$size 1} float32"
set x [torch::ones [expr {$odd ? {2 1 1 1 1 1 1 1 1 1} : {2}}]]
disagree "more than eight dimensions on one rank" {torch::distributed_gather $x} \
    "distributed_gather: rank $last has {2 1 1 1 1 1 1 1 1 1} float32 where rank 0 has {2} float32"

foreach count {6 600} {
    set x [torch::ones [expr {$count * $size}]]
    disagree "dst" {torch::distributed_gather $x $odd} "distributed_gather: rank $last has dst 1 where rank 0 has dst 0"
    disagree "dst and everywhere" {torch::distributed_gather $x [expr {$odd ? -1 : 0}]} \
        "distributed_gather: rank $last has dst -1 where rank 0 has dst 0"
    disagree "src" {torch::distributed_scatter $x $odd} "distributed_scatter: rank $last has src 1 where rank 0 has src 0"
    disagree "root" {torch::distributed_broadcast $x $odd} "distributed_broadcast: rank $last has src 1 where rank 0 has src 0"
    disagree "op" {torch::distributed_all_reduce $x [expr {$odd ? "max" : "mean"}]} \
        "distributed_all_reduce: rank $last has op max where rank 0 has op mean"
    disagree "op of reduce_scatter" {torch::distributed_reduce_scatter $x [expr {$odd ? "product" : "sum"}]} \
        "distributed_reduce_scatter: rank $last has op product where rank 0 has op sum"
    disagree "operation" {if {$odd} {torch::distributed_barrier} else {torch::distributed_gather $x}} \
        "distributed_gather: rank $last calls distributed_barrier where rank 0 calls distributed_gather"
    disagree "operation with a result" {torch::distributed_[expr {$odd ? "all_to_all" : "all_reduce"}] $x} \
        "distributed_all_reduce: rank $last calls distributed_all_to_all where rank 0 calls distributed_all_reduce"
    disagree "new_group" {if {$odd} {torch::distributed_new_group $all g} else {torch::distributed_all_reduce $x}} \
        "distributed_all_reduce: rank $last calls distributed_new_group where rank 0 calls distributed_all_reduce"
    sameEverywhere "operation" {if {$odd} {torch::distributed_barrier} else {torch::distributed_gather $x}}

    disagree "one rank's dst is no rank" {torch::distributed_gather $x [expr {$odd ? $size + 3 : 0}]} \
        "distributed_gather: rank $last gave dst [expr {$size + 3}], which is no rank of the group"
    sameEverywhere "one rank's dst is no rank" {torch::distributed_gather $x [expr {$odd ? $size + 3 : 0}]}
    set y [torch::ones [expr {$odd ? [list [expr {$count * $size + 1}] 2] : [list [expr {$count * $size}] 2]}]]
    disagree "what cannot be cut" {torch::distributed_all_to_all $y} \
        "distributed_all_to_all: rank $last has shape {[expr {$count * $size + 1}] 2}, whose first size is no multiple of $size"
    disagree "what src cannot cut" {torch::distributed_scatter $y $last} \
        "distributed_scatter: rank $last has shape {[expr {$count * $size + 1}] 2}, whose first size is no multiple of $size"
    set y [torch::ones [expr {$count * $size}] [expr {$odd ? "float32" : "int32"}]]
    disagree "an op that one rank's dtype has not" {torch::distributed_all_reduce $y band} \
        "distributed_all_reduce: rank $last: op band is not defined for float32"
}
set x [torch::tensor_reshape [torch::tensor_create 1] {}]
disagree "0-d tensors cannot be cut" {torch::distributed_all_to_all $x} \
    "distributed_all_to_all: rank 0 has shape {}, whose first size is no multiple of $size"

# Mistakes in a call stay on its rank: the others have not come yet.
if {$odd} {
    expectError "no tensor" {torch::distributed_gather nothing} "Invalid tensor name"
    expectError "no integer" {torch::distributed_gather $x zero} "Invalid -dst parameter. Must be an integer."
    expectError "no positive timeout" {torch::distributed_gather -tensor $x -timeout 0} "*timeout must be above 0*"
}
expect "afterwards" [torch::distributed_all_gather [torch::tensor_create $rank]] \
    [torch::tensor_stack -tensors [lmap r $all {torch::tensor_create $r}]]
report
