#!/usr/bin/env tclsh
# Handwritten digits told apart by their nearest neighbours, through sparse products.
#
#     tclsh neighbours.tcl ?SEED? ?K?
#
# Half of the pixels are 0. The images, each of length 1, are the rows of sparse matrices; the product of the held-out fifth
# with the others transposed holds the cosines of all pairs. The K greatest of each row (5 unless told otherwise) are the
# entries of another sparse matrix, the graph of neighbours, whose product with a table of classes counts votes. It prints
# the share of the held-out digits that it got right, and fails below 97 %.
package require torch
source [file join [file dirname [info script]] digits_data.tcl]

# A row for each digit with a 1 at its class.
proc classTable {digits count} {
    set columns [torch::arange $count -dtype float32]
    torch::tensor_to [torch::eq [torch::tensor_reshape $digits {-1 1}] $columns] cpu float32
}

# Rows of `cosines` with a 1 at their k greatest entries, sparse.
proc neighbourGraph {cosines k} {
    lassign [torch::tensor_shape $cosines] rows columns
    set nearest [dict get [torch::topk $cosines $k 1] indices]
    set row [torch::repeat_interleave [torch::arange $rows -dtype int64] $k]
    set places [torch::tensor_stack [list $row [torch::tensor_reshape $nearest -1]] 0]
    torch::sparse_coo_tensor $places [torch::ones [expr {$rows * $k}]] [list $rows $columns]
}

proc main {seed k} {
    torch::manual_seed $seed
    lassign [splitDigits float32] testX testY trainX trainY
    lassign [lmap pixels [list $testX $trainX] {
        set lengths [torch::tensor_sqrt [torch::tensor_sum [torch::tensor_mul $pixels $pixels] 1]]
        torch::tensor_div $pixels [torch::tensor_reshape $lengths {-1 1}]
    }] testImages trainImages
    set testing [torch::dense_to_sparse $testImages csr]
    set training [torch::dense_to_sparse $trainImages]
    set cosines [torch::sparse_mm $testing [torch::sparse_to_dense [torch::sparse_transpose $training 0 1]]]
    set votes [torch::sparse_mm [neighbourGraph $cosines $k] [classTable $trainY 10]]

    set share [shareRight [torch::argmax $votes 1] $testY]
    puts [format "%.0f %% of the pixels are not 0" [expr {100.0 * [torch::sparse_nnz $testing] / [torch::tensor_numel $testX]}]]
    puts [format "%.1f %% of the held-out digits are right by %d neighbours" [expr {100 * $share}] $k]
    return [expr {$share < 0.97}]
}

lassign $argv seed k
exit [main [expr {$seed eq "" ? 0 : $seed}] [expr {$k eq "" ? 5 : $k}]]
