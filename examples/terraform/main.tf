# A small shop: three functions of one module, one on its own, and the layer that they share.
# build/function.zip is what is in code/; `make write-back-demo` makes it.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { project = "shop" }
  }
}

locals {
  archive = "${path.root}/build/function.zip"

  # Every function with what differs between them.
  functions = {
    orders  = { memory_size = 3008, timeout = 300 } # takes orders
    billing = { memory_size = 2048, timeout = 300 }
    mail = {
      memory_size = 3008 # renders PDFs, they said
      timeout     = 120
    }
  }
}

module "function" {
  for_each = local.functions
  source   = "./modules/function"

  name           = "shop-${each.key}"
  archive        = local.archive
  role_arn       = aws_iam_role.function.arn
  memory_size    = each.value.memory_size
  timeout        = each.value.timeout
  retention_days = var.retention_days
}

resource "aws_lambda_function" "report" {
  function_name = "shop-report"
  role          = aws_iam_role.function.arn
  filename      = local.archive
  handler       = "index.handler"
  runtime       = "python3.12"

  memory_size = var.report.memory_size # once a night
  timeout     = var.report.timeout

  environment {
    variables = {
      LOG_LEVEL = "INFO"
    }
  }
}

resource "aws_cloudwatch_log_group" "report" {
  name              = "/aws/lambda/shop-report"
  retention_in_days = var.retention_days
}

resource "aws_lambda_layer_version" "shared" {
  layer_name = "shop-shared"
  filename   = local.archive
}

resource "aws_sqs_queue" "failed" {
  name                      = "shop-failed"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_iam_role" "function" {
  name = "shop-function"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "work"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "*"
      },
      {
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.failed.arn
      },
    ]
  })
}
