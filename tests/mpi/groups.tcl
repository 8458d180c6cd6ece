# Groups of some ranks, and calls that name what is no group or no rank of it.
source [file join [file dirname [info script]] ranks.tcl]
source [file join [file dirname [info script]] formulas.tcl]

set all {}
for {set r 0} {$r < $size} {incr r} {lappend all $r}
set even [lmap r $all {if {$r % 2} continue; set r}]
set reversed [lreverse $all]
set last [expr {$size - 1}]

expectText "a group is named" [torch::distributed_new_group $even even] even
expectText "an order of its own" [torch::distributedNewGroup -name reversed -ranks $reversed] reversed
expectText "a group of one" [torch::distributed_new_group $last] group1
expectText "a name is made up" [torch::distributed_new_group $all] group2

# In group `reversed` the first rank is the world's last.
set shape [list $size 3]
foreach dtype {float32 int64 float16} {
    set own [contribution $rank $shape $dtype]
    foreach group {reversed group2} order [list $reversed $all] {
        set place [lsearch -exact -integer $order $rank]
        set what "in group $group, $dtype"
        expect "gather $what" [torch::distributed_gather $own $last $group] \
            [expr {$rank == $last ? [stacked $order $shape $dtype] : [torch::empty [concat 0 $shape] $dtype]}]
        expect "all_gather $what" [torch::distributed_all_gather -tensor $own -group $group] [stacked $order $shape $dtype]
        expect "scatter $what" [torch::distributed_scatter $own $last $group] [block [contribution $last $shape $dtype] $place $size]
        expect "broadcast $what" [torch::distributed_broadcast -tensor $own -root $last -group $group] [contribution $last $shape $dtype]
        set total [expr {$size > 1 ? [reduced sum $all $shape $dtype] : $own}]
        expect "all_reduce $what" [torch::distributed_all_reduce -tensor $own -group $group] $total
        expect "reduce $what" [torch::distributed_reduce $own $last sum $group] [expr {$rank == $last ? $total : $own}]
        expect "reduce_scatter $what" [torch::distributed_reduce_scatter $own sum $group] [block $total $place $size]
        set parts [lmap from $order {block [contribution $from $shape $dtype] $place $size}]
        expect "all_to_all $what" [torch::distributed_all_to_all $own $group] \
            [expr {$size > 1 ? [torch::tensor_cat $parts 0] : [lindex $parts 0]}]
    }
}

# Members talk to each other while the others go on.
set large [contribution $rank {100 5} float64]
if {$rank in $even} {
    expect "all_gather of the even" [torch::distributed_all_gather $large even] [stacked $even {100 5} float64]
    expect "all_reduce of the even" [torch::distributed_all_reduce -tensor $large -group even -operation max] \
        [reduced max $even {100 5} float64]
    torch::distributed_barrier -group even
} elseif {$size > 1} {
    expectError "a rank that is not in the group" {torch::distributed_all_gather $large even} \
        "distributed_gather: rank $rank is not in group \"even\""
}
if {$rank == $last} {
    expect "a group of one gathers" [torch::distributed_gather $large $last group1] [stacked $last {100 5} float64]
}

if {$size > 1} {
    # Alone, any group and any destination are accepted.
    expectError "no such group" {torch::distributed_gather $large 0 nobody} \
        "distributed_gather: group \"nobody\" does not exist on rank $rank; distributed_new_group makes groups"
    expectError "dst outside of the world" {torch::distributed_gather $large $size} \
        "distributed_gather: rank 0 gave dst $size, which is no rank of the group"
    expectError "dst below -1" {torch::distributed_gather $large -2} \
        "distributed_gather: rank 0 gave dst -2, which is no rank of the group"
    expectError "src outside of the world" {torch::distributed_scatter $large $size} \
        "distributed_scatter: rank 0 gave src $size, which is no rank of the group"
    expectError "root outside of the world" {torch::distributed_broadcast $large 99} \
        "distributed_broadcast: rank 0 gave src 99, which is no rank of the group"
    expectError "reduce has no -1" {torch::distributed_reduce $large -1} \
        "distributed_reduce: rank 0 gave dst -1, which is no rank of the group"
    if {$rank in $even && $size > 2} {
        expectError "dst outside of the group" {torch::distributed_gather $large 1 even} \
            "distributed_gather: rank 0 gave dst 1, which is no rank of the group"
    }
}

set ready "*distributed_new_group: *"
expectError "the name is taken" {torch::distributed_new_group $all even} "${ready}the name \"even\" is taken or empty"
expectError "an empty group" {torch::distributed_new_group {} none} "${ready}a group has one rank at least"
expectError "a rank that does not exist" {torch::distributed_new_group "0 $size" none} \
    "${ready}rank $size does not exist or is named twice"
expectError "a rank named twice" {torch::distributed_new_group {0 0} none} "${ready}rank 0 does not exist or is named twice"
if {$size > 1} {
    expectError "ranks disagree on the name" {torch::distributed_new_group $all name[expr {$rank == $last}]} \
        "distributed_new_group: rank $last has group \"name1\" of ranks $all where rank 0 has group \"name0\" of ranks $all"
    expectError "ranks disagree on the members" {torch::distributed_new_group [expr {$rank == $last ? 0 : $all}] mixed} \
        "distributed_new_group: rank $last has group \"mixed\" of ranks 0 where rank 0 has group \"mixed\" of ranks $all"
    # Names that are too long to be compared whole.
    set long [string repeat long 100]
    expectError "ranks disagree on a long name" {torch::distributed_new_group $all $long[expr {$rank == $last}]} \
        "distributed_new_group: rank $last has group \"longlong*... (*) where rank 0 has group \"longlong*... (*)"
}
set long [string repeat long 100]
expectText "a long name" [torch::distributed_new_group $all $long] $long
expect "a group of a long name" [torch::distributed_all_gather $large $long] [stacked $all {100 5} float64]

# Many groups.
for {set i 0} {$i < 20} {incr i} {
    torch::distributed_new_group $all many$i
    expect "group $i of many" [torch::distributed_all_gather [torch::tensor_create [expr {$rank + $i}]] many$i] \
        [torch::tensor_stack -tensors [lmap r $all {torch::tensor_create [expr {$r + $i}]}]]
}
expect "the world afterwards" [torch::distributed_all_gather $large] [stacked $all {100 5} float64]
report
