# Random sequences of collectives: all ranks draw the same one from a seed, so that they run in lockstep. An argument gives
# the number of steps.
source [file join [file dirname [info script]] ranks.tcl]
source [file join [file dirname [info script]] formulas.tcl]

# Numbers that are the same on every rank and in every run.
set state 20240607
proc draw {below} {
    set ::state [expr {($::state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF}]
    expr {($::state >> 33) % $below}
}
proc pick {list} {lindex $list [draw [llength $list]]}

# Groups: all ranks, all in another order, and pairs and triples.
set all {}
for {set r 0} {$r < $size} {incr r} {lappend all $r}
set groups [dict create {} $all]
for {set i 0} {$i < 6} {incr i} {
    set members {}
    foreach r [lsort -command {apply {{a b} {expr {[draw 3] - 1}}}} $all] {
        if {[draw 3]} {lappend members $r}
    }
    if {$members eq {}} {set members [pick $all]}
    dict set groups [torch::distributed_new_group $members] $members
}

proc shapeFor {parts} {
    set rows [expr {$parts * [draw 4]}]
    pick [list [list $rows] [list $rows 3] [list $rows 2 5] [list [expr {$parts * 40}] 3] [list $parts 1 2 1 2 1 1 2 1 2]]
}

# One collective of a group. Members check the result; the others have nothing to do with it.
proc step {number} {
    set group [pick [dict keys $::groups]]
    set members [dict get $::groups $group]
    set parts [llength $members]
    set dtype [pick $::dtypes]
    set shape [shapeFor $parts]
    set root [pick $members]
    set op [pick [lmap op $::reductions {if {![isDefined $op $dtype]} continue; set op}]]
    set kind [pick {gather all_gather scatter broadcast all_reduce reduce reduce_scatter all_to_all barrier mismatch}]
    set place [lsearch -exact -integer $members $::rank]
    if {$place < 0} return
    set x [contribution $::rank $shape $dtype $number]
    set what "step $number: $kind of {$shape} $dtype in group <$group>, root $root, op $op"
    switch $kind {
        gather {
            expect $what [torch::distributed_gather $x $root $group] [expr {$root == $::rank ? \
                [stacked $members $shape $dtype $number] : [torch::empty [concat 0 $shape] $dtype]}]
        }
        all_gather {expect $what [torch::distributed_all_gather $x $group] [stacked $members $shape $dtype $number]}
        scatter {
            expect $what [torch::distributed_scatter $x $root $group] \
                [block [contribution $root $shape $dtype $number] $place $parts]
        }
        broadcast {
            expect $what [torch::distributed_broadcast -tensor $x -root $root -group $group] \
                [contribution $root $shape $dtype $number]
        }
        all_reduce {
            expect $what [torch::distributed_all_reduce -tensor $x -operation $op -group $group] [total $op $members $shape $dtype $number]
        }
        reduce {
            expect $what [torch::distributed_reduce $x $root $op $group] \
                [expr {$root == $::rank ? [total $op $members $shape $dtype $number] : $x}]
        }
        reduce_scatter {
            expect $what [torch::distributed_reduce_scatter $x $op $group] \
                [block [reduced $op $members $shape $dtype $number] $place $parts]
        }
        all_to_all {
            set blocks [lmap from $members {block [contribution $from $shape $dtype $number] $place $parts}]
            expect $what [torch::distributed_all_to_all $x $group] [expr {$parts > 1 ? [torch::tensor_cat $blocks 0] : [lindex $blocks 0]}]
        }
        barrier {torch::distributed_barrier -group $group}
        mismatch {
            if {$parts == 1} return
            set y [torch::ones [expr {$place == 1 ? {2 9} : {2 7}}]]
            expectError $what {torch::distributed_all_gather $y $group} \
                "distributed_gather: rank [lindex $members 1] has {2 9} float32 where rank [lindex $members 0] has {2 7} float32"
        }
    }
}
# A process that is alone keeps the dtype.
proc total {op members shape dtype number} {
    expr {$::size > 1 ? [reduced $op $members $shape $dtype $number] : [contribution $::rank $shape $dtype $number]}
}

set steps [lindex [concat [lrange $argv 1 end] 500] 0]
for {set i 0} {$i < $steps} {incr i} {torch::scope {step $i}}
report
