throw new Error("No coffee\nand no trace");
