#!/usr/bin/env tclsh
# Tells the classes of a table's rows apart, by logistic regression and by a network with one hidden layer.
#
#     tclsh classify.tcl ?FILE? ?SEED?
#
# The first line of the file is ROWS,COLUMNS,CLASS NAME...; the others are measurements and the number of the class. The
# rows, in a random order, are cut into five parts; each is held out once, while a model learns from the other four. It
# prints the loss of every epoch, the mean of the five, as a curve, and the share of all rows that were classified rightly
# while they were held out, and fails below 92 %.
package require torch
source [file join [file dirname [info script]] loss_curve.tcl]

# Measurements, classes, and the names of the classes.
proc readTable {path} {
    set channel [open $path]
    set lines [split [string trim [read $channel]] \n]
    close $channel
    set names [lassign [split [lindex $lines 0] ,] rows columns]
    set table [torch::tensor_create [lmap line [lrange $lines 1 end] {split $line ,}]]
    list [torch::tensor_slice $table 1 0 $columns] \
        [torch::tensor_to [torch::tensor_reshape [torch::tensor_slice $table 1 $columns [expr {$columns + 1}]] -1] cpu int64] $names
}

# Columns of mean 0 and standard deviation 1 over the rows `from`.
proc standardized {x from} {
    torch::tensor_div [torch::tensor_sub $x [torch::tensor_mean $from 0]] [torch::tensor_std $from 0]
}

proc logistic {columns classes} {torch::linear $columns $classes}
proc network {columns classes} {
    torch::sequential [list [torch::linear $columns 16] torch::tensor_tanh [torch::linear 16 $classes]]
}

# Trains the model; the mean loss of every epoch.
proc train {model x y {epochs 60}} {
    set optimizer [torch::optimizer_adamw $model 0.03 0.01]
    set losses {}
    for {set epoch 1} {$epoch <= $epochs} {incr epoch} {
        set sum 0.0
        torch::batches {rows classes} [list $x $y] {
            torch::optimizer_zero_grad $optimizer
            set loss [torch::cross_entropy_loss [torch::layer_forward $model $rows] $classes]
            torch::tensor_backward $loss
            torch::optimizer_step $optimizer
            set sum [expr {$sum + [torch::tensor_item $loss] * [torch::tensor_numel $classes]}]
        } -size 16 -shuffle 1
        lappend losses [expr {$sum / [torch::tensor_numel $y]}]
    }
    return $losses
}

# How many rows get their class.
proc countRight {model x y} {
    set guesses [torch::argmax [torch::layer_forward [torch::model_eval $model] $x] 1]
    torch::tensor_to_list [torch::tensor_sum [torch::eq $guesses $y]]
}

# The mean losses of all epochs, and the number of rows that were right when they were held out.
proc crossValidate {make x y classes {parts 5}} {
    # A random order: that of random numbers.
    set order [torch::tensor_split [torch::argsort [torch::rand [torch::tensor_numel $y]]] $parts]
    set right 0
    for {set part 0} {$part < $parts} {incr part} {
        set testing [lindex $order $part]
        set training [torch::tensor_cat [lreplace $order $part $part] 0]
        set from [torch::tensor_index_select $x 0 $training]
        set model [$make [lindex [torch::tensor_shape $x] 1] $classes]
        lappend losses [train $model [standardized $from $from] [torch::tensor_index_select $y 0 $training]]
        set heldOut [standardized [torch::tensor_index_select $x 0 $testing] $from]
        incr right [countRight $model $heldOut [torch::tensor_index_select $y 0 $testing]]
    }
    list [torch::tensor_to_list [torch::tensor_mean [torch::tensor_create $losses] 0]] $right
}

proc main {path seed} {
    torch::manual_seed $seed
    lassign [readTable $path] x y names
    lassign [torch::tensor_shape $x] rows columns
    puts "$rows rows of $columns measurements: [join $names {, }]"
    set failed 0
    foreach {what make} {"logistic regression" logistic "a hidden layer of 16" network} {
        lassign [crossValidate $make $x $y [llength $names]] losses right
        puts "\n$what, [torch::count_parameters [$make $columns [llength $names]]] parameters"
        lossCurve $losses
        puts [format "%.1f %% of the rows are right when held out" [expr {100.0 * $right / $rows}]]
        if {$right < 0.92 * $rows} {set failed 1}
    }
    return $failed
}

lassign $argv path seed
if {$path eq ""} {set path [file join [file dirname [info script]] iris.csv]}
exit [main $path [expr {$seed eq "" ? 0 : $seed}]]
