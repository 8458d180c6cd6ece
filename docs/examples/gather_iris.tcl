#!/usr/bin/env tclsh
# Statistics of a table whose rows are shared out among processes.
#
# Each process computes counts, sums and extremes of its own rows; torch::distributed_gather brings them together, one row
# a process, and rank 0 combines them and prints the table. It is the same for any number of processes:
#
#     tclsh gather_iris.tcl ?FILE?
package require torch

# The rows of the file that belong to this process, and the names of the classes.
proc readShare {path rank size} {
    set channel [open $path]
    set lines [split [string trim [read $channel]] \n]
    close $channel
    set classes [lassign [split [lindex $lines 0] ,] rows columns]
    set first [expr {1 + $rank * $rows / $size}]
    set last [expr {($rank + 1) * $rows / $size}]
    list [lmap line [lrange $lines $first $last] {split $line ,}] $columns $classes
}

# Number of rows and sum of every column, class by class, and the extremes of every column, as tensors.
proc summarize {rows columns classes} {
    set counts {}
    set sums {}
    for {set class 0} {$class < [llength $classes]} {incr class} {
        set own [lmap row $rows {if {[lindex $row end] != $class} continue; lrange $row 0 end-1}]
        lappend counts [llength $own]
        set table [torch::tensor_create -data [concat {*}$own] -shape [list [llength $own] $columns] -dtype float64]
        lappend sums [torch::tensor_sum $table 0]
    }
    # Infinities stand for the extremes of no rows at all.
    set bounds {}
    foreach {command start} {tensor_min Inf tensor_max -Inf} {
        set values [lmap row $rows {lrange $row 0 end-1}]
        lappend values [lrepeat $columns $start]
        lappend bounds [torch::$command [torch::tensor_create -data $values -dtype float64] 0]
    }
    list [torch::tensor_create -data $counts -dtype int64] [torch::tensor_stack -tensors $sums] {*}$bounds
}

proc line {label numbers} {
    puts [format "%-18s%s" $label [join [lmap x $numbers {format %14.6f $x}] ""]]
}

proc report {counts sums lows highs columns classes} {
    set counts [torch::tensor_sum $counts 0]
    set sums [torch::tensor_sum $sums 0]
    set total [torch::tensor_item [torch::tensor_sum $counts]]
    puts "$total flowers, $columns measurements each, in cm"
    puts [format "%-18s%14s%14s%14s%14s" "" "sepal length" "sepal width" "petal length" "petal width"]
    set class 0
    foreach name $classes count [torch::tensor_to_list $counts] {
        set row [torch::tensor_index_select $sums 0 [torch::tensor_create $class int64]]
        line "$name ($count)" [torch::tensor_to_list [torch::tensor_mul $row [expr {1.0 / max($count, 1)}]]]
        incr class
    }
    line "all, mean" [torch::tensor_to_list [torch::tensor_mul [torch::tensor_sum $sums 0] [expr {1.0 / $total}]]]
    line "all, smallest" [torch::tensor_to_list [torch::tensor_min $lows 0]]
    line "all, largest" [torch::tensor_to_list [torch::tensor_max $highs 0]]
}

proc main {path} {
    # Under Open MPI standard output is a terminal, for which Tcl would end lines with a carriage return as well.
    fconfigure stdout -translation lf
    set rank [torch::get_rank]
    lassign [readShare $path $rank [torch::get_world_size]] rows columns classes
    set gathered {}
    foreach part [summarize $rows $columns $classes] {
        lappend gathered [torch::distributed_gather -tensor $part -dst 0]
    }
    if {$rank == 0} {report {*}$gathered $columns $classes}
}

main [expr {$argc ? [lindex $argv 0] : [file join [file dirname [info script]] iris.csv]}]
